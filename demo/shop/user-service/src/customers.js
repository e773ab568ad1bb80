const COUNTRIES = ['DE', 'FR', 'NL', 'PL', 'ES', 'IT'];
const NAMES = ['Amara', 'Bela', 'Chidi', 'Daria', 'Emil', 'Freya', 'Goran', 'Hana', 'Iker', 'Jonas'];

/** The customer directory: `count` customers with ids c1, c2, and so on. */
export function createCustomers(count) {
  const customers = new Map();
  for (let number = 1; number <= count; number += 1) {
    const id = `c${number}`;
    const name = NAMES[number % NAMES.length];
    customers.set(id, { id, name, country: COUNTRIES[number % COUNTRIES.length], card: `card-${number}` });
  }
  return { find: (id) => customers.get(id), count: () => customers.size };
}
