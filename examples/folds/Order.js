// An order of a web shop: what is in it, where it stands, and what happened to its money.
//
// A handler changes the state it is given, or returns another one. It sees nothing but the state and the event.

const find = (state, sku) => state.items.find((item) => item.sku === sku);

/** Puts in what an event says about items. What is down to nothing is no longer in the order. */
const takeIn = (state, { items = {}, shipping, total }) => {
  for (const [sku, { name, price, quantity }] of Object.entries(items)) {
    const item = find(state, sku);
    if (quantity === 0) {
      state.items = state.items.filter((other) => other !== item);
    } else if (item) {
      item.quantity = quantity;
    } else {
      state.items.push({ sku, name, price, quantity });
    }
  }
  if (shipping) Object.assign(state.shipping, shipping);
  if (total !== undefined) state.total = total;
};

export default {
  initial: () => ({
    status: "new",
    customer: null,
    items: [],
    shipping: {},
    total: 0,
    paid: 0,
    refunded: 0,
  }),
  on: {
    OrderCreated(state, { data }) {
      state.status = data.status;
      state.channel = data.channel;
      state.customer = data.customer;
      state.currency = data.currency;
      takeIn(state, data);
    },
    ItemAdded: (state, { data }) => takeIn(state, data),
    ItemRemoved: (state, { data }) => takeIn(state, data),
    OrderPaid: (state, { data }) => ({
      ...state,
      status: data.status,
      paid: data.payment.amount,
      payment: data.payment,
    }),
    OrderShipped(state, { data }) {
      state.status = data.status;
      Object.assign(state.shipping, data.shipping);
    },
    OrderDelivered(state, { data }) {
      state.status = data.status;
      Object.assign(state.shipping, data.shipping);
    },
    OrderCancelled(state, { data }) {
      state.status = data.status;
      state.cancellation = data.cancellation;
    },
    OrderRefunded(state, { data }) {
      state.status = data.status;
      state.refunded = data.refund.amount;
      state.refund = data.refund;
    },
  },
};
