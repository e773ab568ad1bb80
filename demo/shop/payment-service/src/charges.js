/** The youngest `remembered` charges, by id. */
export function createCharges(remembered) {
  const charges = new Map();
  let chargeCount = 0;
  return {
    add(charge) {
      chargeCount += 1;
      const added = { id: `ch${chargeCount}`, ...charge };
      charges.set(added.id, added);
      if (charges.size > remembered) charges.delete(charges.keys().next().value);
      return added;
    },
    find: (id) => charges.get(id),
  };
}
