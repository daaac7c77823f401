// A customer of a web shop, with the addresses and e-mail addresses that they had before.

export default {
  initial: () => ({ former_addresses: [], former_emails: [] }),
  on: {
    CustomerRegistered: (state, { data }) => ({ ...state, ...data }),
    EmailVerified(state) {
      state.email_verified = true;
    },
    EmailChanged(state, { data }) {
      state.former_emails.push(state.email);
      state.email = data.email;
      state.email_verified = false;
    },
    AddressChanged(state, { data }) {
      state.former_addresses.push(state.address);
      state.address = data.address;
    },
    NewsletterSubscribed(state) {
      state.newsletter = true;
    },
    NewsletterUnsubscribed(state) {
      state.newsletter = false;
    },
  },
};
