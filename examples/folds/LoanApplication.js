// A loan application in the log of a Dutch bank (BPI Challenge 2012, doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f).
//
// Types begin with A_ for what happens to the application, with O_ for its offers, and with W_ for the work on it; those of work
// end with the step in its life cycle, and with none where it is completed: `W_Valideren aanvraag.START`.

const OUTCOMES = {
  A_APPROVED: "approved",
  A_REGISTERED: "approved",
  A_ACTIVATED: "approved",
  A_DECLINED: "declined",
  A_CANCELLED: "cancelled",
};

const STEPS = { SCHEDULE: "scheduled", START: "started" };

export default {
  initial: () => ({
    activity: null,
    amount: null,
    outcome: null,
    resources: [],
    open_work_items: {},
    events: 0,
  }),
  on: {
    $any(state, { type, data }) {
      const dot = type.lastIndexOf(".");
      const [activity, step] = dot < 0 ? [type, null] : [type.slice(0, dot), type.slice(dot + 1)];
      state.events += 1;
      state.activity = activity;
      if (data.amount_req !== undefined) state.amount = Number(data.amount_req);
      if (data.resource !== undefined && !state.resources.includes(data.resource)) {
        state.resources.push(data.resource);
      }
      if (OUTCOMES[activity]) state.outcome = OUTCOMES[activity];
      if (activity.startsWith("W_")) {
        if (step === null) delete state.open_work_items[activity];
        else state.open_work_items[activity] = STEPS[step] ?? step.toLowerCase();
      }
    },
  },
};
