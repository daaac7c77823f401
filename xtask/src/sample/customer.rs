//! A customer: registers, and sometimes moves house or changes their mind.

use crate::sample::catalogue::{CITIES, City, FIRST_NAMES, LAST_NAMES, STREETS};
use crate::sample::clock::{DAY, HOUR, MINUTE};
use crate::sample::json::{Json, object};
use crate::sample::log::{Fact, History};
use crate::sample::random::Random;

/// What an order needs to know of whoever places it.
pub(crate) struct Customer {
    /// As in the key of the customer's stream.
    pub(crate) id: String,
    /// First and last.
    pub(crate) name: String,
    /// Each with the moment from which it is the one; the first from the beginning.
    emails: Vec<(u64, String)>,
    /// In the same way.
    addresses: Vec<(u64, Address)>,
}

/// Where parcels go.
#[derive(Clone)]
pub(crate) struct Address {
    street: String,
    postcode: String,
    /// The name of the city.
    pub(crate) city: &'static str,
    /// In two letters.
    pub(crate) country: &'static str,
}

impl Customer {
    /// The address at which they live at this moment.
    pub(crate) fn address_at(&self, at_ms: u64) -> &Address {
        current(&self.addresses, at_ms)
    }

    /// The mailbox with which they sign in at this moment.
    pub(crate) fn email_at(&self, at_ms: u64) -> &str {
        current::<String>(&self.emails, at_ms)
    }
}

/// The key of a customer's stream.
pub(crate) fn stream(number: u64) -> String {
    format!("aggregate:Customer:{number}")
}

/// A new customer, and what will happen to them.
pub(crate) fn register(random: &mut Random, number: u64, at_ms: u64) -> (Customer, History) {
    let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
    let mailbox = format!("{}.{}{:02}", first.ascii, last.ascii, number % 100);
    let mut customer = Customer {
        id: number.to_string(),
        name: format!("{} {}", first.text, last.text),
        emails: vec![(0, format!("{mailbox}@example.com"))],
        addresses: vec![(0, address(random, None))],
    };
    let mut facts = vec![registered(random, &customer, at_ms)];
    if random.chance(85) {
        let verified_ms = at_ms + random.between(MINUTE, 6 * MINUTE);
        let data = object([("email_verified", true.into())]);
        facts.push(own(&customer, verified_ms, "EmailVerified", data));
    }
    if random.chance(30) {
        let subscribed_ms = at_ms + random.between(HOUR, 5 * DAY);
        let data = object([("newsletter", true.into())]);
        facts.push(own(&customer, subscribed_ms, "NewsletterSubscribed", data));
        if random.chance(25) {
            let left_ms = subscribed_ms + random.between(DAY, 12 * DAY);
            let data = object([("newsletter", false.into())]);
            facts.push(own(&customer, left_ms, "NewsletterUnsubscribed", data));
        }
    }
    if random.chance(18) {
        let moved_ms = at_ms + random.between(DAY, 24 * DAY);
        let new = address(random, Some(customer.address_at(0).country));
        customer.addresses.push((moved_ms, new.clone()));
        let data = object([("address", new.json())]);
        facts.push(own(&customer, moved_ms, "AddressChanged", data));
    }
    if random.chance(14) {
        let changed_ms = at_ms + random.between(DAY, 20 * DAY);
        let new = format!("{mailbox}@mail.example");
        let data = object([("email", new.as_str().into())]);
        facts.push(own(&customer, changed_ms, "EmailChanged", data));
        customer.emails.push((changed_ms + 1, new));
    }
    facts.sort_by_key(|fact| fact.at_ms);
    let history = History {
        stream: stream(number),
        correlation_id: format!("customer-{}", random.hex(12)),
        happened: 0,
        planned: facts.into(),
    };
    (customer, history)
}

impl Address {
    fn json(&self) -> Json {
        object([
            ("street", self.street.as_str().into()),
            ("postcode", self.postcode.as_str().into()),
            ("city", self.city.into()),
            ("country", self.country.into()),
        ])
    }
}

fn registered(random: &mut Random, customer: &Customer, at_ms: u64) -> Fact {
    let languages = ["en", "de", "fr", "nl", "es"];
    let data = object([
        ("customer_id", customer.id.as_str().into()),
        ("name", customer.name.as_str().into()),
        ("email", customer.email_at(at_ms).into()),
        ("email_verified", false.into()),
        ("address", customer.address_at(at_ms).json()),
        ("language", (*random.pick(&languages)).into()),
        ("newsletter", false.into()),
    ]);
    own(customer, at_ms, "CustomerRegistered", data)
}

/// Something that the customer does.
fn own(customer: &Customer, at_ms: u64, kind: &'static str, data: Json) -> Fact {
    Fact { at_ms, kind, data, user: Some(customer.email_at(at_ms).to_owned()), published: None }
}

fn address(random: &mut Random, country: Option<&str>) -> Address {
    let here = |city: &&City| country.is_none_or(|country| country == city.country);
    let cities = CITIES.iter().filter(here).collect::<Vec<_>>();
    let city = random.pick(&cities);
    Address {
        street: format!("{} {}", random.pick(&STREETS), random.between(1, 120)),
        postcode: format!("{}{:02}", city.postcode, random.between(1, 99)),
        city: city.name,
        country: city.country,
    }
}

fn current<T>(values: &[(u64, T)], at_ms: u64) -> &T {
    let later = values.iter().skip(1).rev().find(|(since_ms, _)| *since_ms <= at_ms);
    &later.unwrap_or(&values[0]).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_holds_from_its_moment_on() {
        let values = [(0, "old"), (50, "new")];
        assert_eq!(
            [0, 49, 50, 1000].map(|at_ms| *current(&values, at_ms)),
            ["old", "old", "new", "new"]
        );
    }

    #[test]
    fn what_a_customer_does_comes_after_registering_and_in_order() {
        let mut random = Random::new(3);
        for number in 0..200 {
            let (customer, history) = register(&mut random, number, 1000);
            let facts = &history.planned;
            assert_eq!((facts[0].kind, facts[0].at_ms), ("CustomerRegistered", 1000));
            assert!(facts.iter().is_sorted_by_key(|fact| fact.at_ms));
            assert!(facts.iter().all(|fact| fact.user.as_deref().is_some_and(str::is_ascii)));
            assert_eq!(
                customer.addresses.iter().map(|(_, at)| at.country).min(),
                Some(customer.address_at(u64::MAX).country)
            );
        }
    }
}
