// How many orders there are and what they come to: the `order-stats` of the usual description of event sourcing with Redis Streams.

export default {
  streams: ["events:orders"],
  initial: () => ({ total_count: 0, total_value: 0, shipped_count: 0 }),
  on: {
    "order.created"(stats, { data }) {
      stats.total_count += 1;
      stats.total_value = Math.round((stats.total_value + data.total) * 100) / 100;
    },
    "order.shipped"(stats) {
      stats.shipped_count += 1;
    },
  },
};
