/** What the shop sells. Prices are in euros; `shelfStock` is set where the shelf holds less than usual. */
export const CATALOGUE = [
  { sku: 'lamp', name: 'Desk lamp', unitPrice: 39.9 },
  { sku: 'chair', name: 'Reading chair', unitPrice: 189 },
  { sku: 'mug', name: 'Stoneware mug', unitPrice: 12.5 },
  { sku: 'rug', name: 'Wool rug', unitPrice: 240 },
  { sku: 'clock', name: 'Wall clock', unitPrice: 54.95 },
  { sku: 'print', name: 'Signed print', unitPrice: 75, shelfStock: 1 },
];
