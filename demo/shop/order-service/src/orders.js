/** The youngest `remembered` orders, by id. */
export function createOrders(remembered) {
  const orders = new Map();
  let orderCount = 0;
  return {
    nextId() {
      orderCount += 1;
      return `o${orderCount}`;
    },
    add(order) {
      orders.set(order.id, order);
      if (orders.size > remembered) orders.delete(orders.keys().next().value);
      return order;
    },
    find: (id) => orders.get(id),
  };
}
