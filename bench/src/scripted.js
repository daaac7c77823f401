// Keeps totals and a map of items.
const sell = (state, event) => {
  const { customer, item, total } = event.data;
  state.events += 1;
  state.total += total;
  state.customer = customer.id;
  const sold = (state.items[item.sku] ??= { quantity: 0, amount: 0 });
  sold.quantity += item.quantity;
  sold.amount += item.quantity * item.price;
};

export default {
  initial: () => ({ events: 0, total: 0, customer: null, items: {} }),
  on: {
    OrderCreated: sell,
    ItemAdded: sell,
    ItemRemoved(state, event) {
      const { item } = event.data;
      state.events += 1;
      const sold = state.items[item.sku];
      if (sold) sold.quantity = Math.max(0, sold.quantity - item.quantity);
    },
    OrderPaid: sell,
    OrderShipped: sell,
  },
};
