import { CATALOGUE } from './catalogue.js';

const REMEMBERED_RESERVATIONS = 2000;

/** Stock per item. The night shift refills every shelf each `restockHours` of the business clock. */
export function createShelves({ shelfStock, restockHours, clock }) {
  const items = new Map(CATALOGUE.map((item) => [item.sku, { ...item, stock: item.shelfStock ?? shelfStock }]));
  const reservations = new Map();
  let reservationCount = 0;
  let restockedAtHour = clock.nowHours();

  function restockWhenDue() {
    if (clock.nowHours() - restockedAtHour < restockHours) return;
    restockedAtHour = clock.nowHours();
    for (const item of items.values()) item.stock = item.shelfStock ?? shelfStock;
  }

  return {
    find: (sku) => items.get(sku),
    reserve(sku, quantity = 1) {
      restockWhenDue();
      const item = items.get(sku);
      if (!item) return { refused: 'no_such_item' };
      if (item.stock < quantity) return { refused: 'sold_out' };
      item.stock -= quantity;
      reservationCount += 1;
      const reservation = { id: `r${reservationCount}`, sku, quantity, unitPrice: item.unitPrice, currency: 'EUR' };
      reservations.set(reservation.id, reservation);
      if (reservations.size > REMEMBERED_RESERVATIONS) reservations.delete(reservations.keys().next().value);
      return { reservation, left: item.stock };
    },
    release(id) {
      const reservation = reservations.get(id);
      if (!reservation) return false;
      reservations.delete(id);
      items.get(reservation.sku).stock += reservation.quantity;
      return true;
    },
  };
}
