// A table with a row for each customer: how many orders they made and what these came to.

export default {
  streams: ["events:orders"],
  key: ({ data }) => data.customer_id,
  // Events of an older version of the shop named the customer in another way.
  upcast: {
    "order.placed": ({ data }) => ({
      type: "order.created",
      data: { ...data, customer_id: data.customer },
    }),
  },
  initial: () => ({ orders: 0, total: 0, last_order: null }),
  on: {
    "order.created"(customer, { data, timestamp_ms }) {
      customer.orders += 1;
      customer.total = Math.round((customer.total + data.total) * 100) / 100;
      customer.last_order = { id: data.order_id, at_ms: timestamp_ms };
    },
  },
};
