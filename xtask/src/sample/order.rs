//! An order: items come and go until it is paid; then it is shipped and delivered, or cancelled,
//! or sent back.

use crate::sample::catalogue::{PRODUCTS, Product};
use crate::sample::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::sample::customer::Customer;
use crate::sample::json::{Json, object};
use crate::sample::log::{Fact, History};
use crate::sample::random::Random;

/// From this sum on shipping is free.
const FREE_SHIPPING_CENTS: u64 = 10_000;

const SALES: [&str; 3] = ["lena@shop.example", "marek@shop.example", "ruth@shop.example"];
const WAREHOUSE: [&str; 4] = [
    "warehouse.ali@shop.example",
    "warehouse.bo@shop.example",
    "warehouse.eva@shop.example",
    "warehouse.jan@shop.example",
];
const SUPPORT: [&str; 3] =
    ["support.ida@shop.example", "support.noor@shop.example", "support.tim@shop.example"];

/// The key of an order's stream.
pub(crate) fn stream(number: u64) -> String {
    format!("aggregate:Order:{number}")
}

/// A new order and its whole life. A bulk order has dozens of changes before it is paid.
pub(crate) fn place(
    random: &mut Random,
    number: u64,
    customer: &Customer,
    at_ms: u64,
    bulk: bool,
) -> History {
    let mut order = Order::new(random, number, customer, at_ms, bulk);
    order.created(random);
    let changes =
        if bulk { random.between(40, 110) } else { random.between(0, 7).saturating_sub(2) };
    for _ in 0..changes {
        order.changed(random);
    }
    match random.between(1, 100) {
        // A company that has sent a list this long wants it.
        1..=9 if !bulk => order.abandoned(random),
        10..=15 => {
            order.paid(random);
            order.called_off(random);
        }
        16..=25 => {
            order.paid(random);
            order.shipped(random);
            order.delivered(random);
            order.sent_back(random);
        }
        _ => {
            order.paid(random);
            order.shipped(random);
            order.delivered(random);
        }
    }
    History {
        stream: stream(number),
        correlation_id: format!("order-{}", random.hex(12)),
        happened: 0,
        planned: order.facts.into(),
    }
}

struct Order<'a> {
    id: String,
    customer: &'a Customer,
    bulk: bool,
    /// Who talks for the customer: themselves, or someone in sales.
    buyer: String,
    lines: Vec<Line>,
    /// The price of shipping while it is not free.
    full_shipping_cents: u64,
    express: bool,
    payment: String,
    at_ms: u64,
    facts: Vec<Fact>,
}

struct Line {
    product: &'static Product,
    quantity: u64,
}

impl<'a> Order<'a> {
    fn new(
        random: &mut Random,
        number: u64,
        customer: &'a Customer,
        at_ms: u64,
        bulk: bool,
    ) -> Self {
        let express = random.chance(20);
        let buyer = if bulk { *random.pick(&SALES) } else { customer.email_at(at_ms) };
        Self {
            id: number.to_string(),
            customer,
            bulk,
            buyer: buyer.to_owned(),
            lines: Vec::new(),
            full_shipping_cents: if express { 990 } else { 490 },
            express,
            payment: format!("pay_{}", random.hex(14)),
            at_ms,
            facts: Vec::new(),
        }
    }

    fn created(&mut self, random: &mut Random) {
        self.put_in(random);
        if random.chance(40) {
            self.put_in(random);
        }
        let items = self.lines.iter().map(|line| (line.product.sku.to_owned(), line.json()));
        let address = self.customer.address_at(self.at_ms);
        let data = object([
            ("order_id", self.id.as_str().into()),
            ("status", "open".into()),
            (
                "channel",
                if self.bulk { "sales" } else { *random.pick(&["web", "web", "app"]) }.into(),
            ),
            (
                "customer",
                object([
                    ("id", self.customer.id.as_str().into()),
                    ("name", self.customer.name.as_str().into()),
                    ("country", address.country.into()),
                ]),
            ),
            ("items", Json::Object(items.collect())),
            (
                "shipping",
                object([
                    ("method", if self.express { "express" } else { "standard" }.into()),
                    ("city", address.city.into()),
                    ("country", address.country.into()),
                    ("price", Json::Money(self.shipping_cents())),
                ]),
            ),
            ("currency", "EUR".into()),
            ("total", Json::Money(self.total_cents())),
        ]);
        let published = object([
            ("order_id", self.id.as_str().into()),
            ("customer_id", self.customer.id.as_str().into()),
            ("country", address.country.into()),
            ("total", Json::Money(self.total_cents())),
            ("currency", "EUR".into()),
        ]);
        let buyer = self.buyer.clone();
        self.happens("OrderCreated", data, Some(buyer), Some(("order.created", published)));
    }

    fn changed(&mut self, random: &mut Random) {
        if self.bulk {
            // A list that is worked through, with breaks.
            let (low, high) =
                if random.chance(80) { (MINUTE, 12 * MINUTE) } else { (HOUR, 9 * HOUR) };
            self.wait(random, low, high);
            self.at_ms = clock::when_open(random, self.at_ms);
        } else {
            self.wait(random, 15 * SECOND, 8 * MINUTE);
        }
        let shipping_before = self.shipping_cents();
        let (kind, line) = match self.takeable(random) {
            Some(index) if random.chance(25) => ("ItemRemoved", self.take_out(random, index)),
            _ => ("ItemAdded", self.put_in(random)),
        };
        let line = &self.lines[line];
        let mut data = vec![(
            "items".to_owned(),
            Json::Object(vec![(
                line.product.sku.to_owned(),
                // Who adds shows what; who removes needs to say how many are left only.
                if kind == "ItemAdded" {
                    line.json()
                } else {
                    object([("quantity", line.quantity.into())])
                },
            )]),
        )];
        if self.shipping_cents() != shipping_before {
            let shipping = object([("price", Json::Money(self.shipping_cents()))]);
            data.push(("shipping".to_owned(), shipping));
        }
        data.push(("total".to_owned(), Json::Money(self.total_cents())));
        let buyer = self.buyer.clone();
        self.happens(kind, Json::Object(data), Some(buyer), None);
    }

    fn paid(&mut self, random: &mut Random) {
        let (method, provider) = *random.pick(&[
            ("card", "Visa"),
            ("card", "Mastercard"),
            ("wallet", "PayPal"),
            ("transfer", "SEPA"),
        ]);
        if method == "transfer" || self.bulk {
            self.wait(random, 10 * HOUR, 2 * DAY);
        } else {
            self.wait(random, 40 * SECOND, 15 * MINUTE);
        }
        let payment = object([
            ("method", method.into()),
            ("provider", provider.into()),
            ("reference", self.payment.as_str().into()),
            ("amount", Json::Money(self.total_cents())),
        ]);
        let data = object([("status", "paid".into()), ("payment", payment)]);
        let published = object([
            ("order_id", self.id.as_str().into()),
            ("amount", Json::Money(self.total_cents())),
            ("currency", "EUR".into()),
            ("method", method.into()),
        ]);
        // The provider's system reports it, no person does.
        self.happens("OrderPaid", data, None, Some(("order.paid", published)));
    }

    fn shipped(&mut self, random: &mut Random) {
        self.wait(random, 2 * HOUR, if self.express { 10 * HOUR } else { 40 * HOUR });
        self.at_ms = clock::when_open(random, self.at_ms);
        let carrier = *random.pick(&["DHL", "DPD", "GLS", "PostNord"]);
        let tracking = format!("{}{}", &carrier[..2], random.between(100_000_000, 999_999_999));
        let expected_ms = self.at_ms + if self.express { DAY } else { random.between(2, 4) * DAY };
        let shipping = object([
            ("carrier", carrier.into()),
            ("tracking", tracking.as_str().into()),
            ("expected", clock::date(expected_ms).into()),
        ]);
        let data = object([("status", "shipped".into()), ("shipping", shipping)]);
        let published = object([
            ("order_id", self.id.as_str().into()),
            ("carrier", carrier.into()),
            ("tracking", tracking.into()),
        ]);
        let packer = (*random.pick(&WAREHOUSE)).to_owned();
        self.happens("OrderShipped", data, Some(packer), Some(("order.shipped", published)));
    }

    fn delivered(&mut self, random: &mut Random) {
        self.wait(random, 18 * HOUR, if self.express { 34 * HOUR } else { 4 * DAY });
        let left_with = *random.pick(&["recipient", "recipient", "neighbour", "parcel locker"]);
        let data = object([
            ("status", "delivered".into()),
            ("shipping", object([("left_with", left_with.into())])),
        ]);
        let published = object([("order_id", self.id.as_str().into())]);
        self.happens("OrderDelivered", data, None, Some(("order.delivered", published)));
    }

    /// Never paid.
    fn abandoned(&mut self, random: &mut Random) {
        if random.chance(60) {
            self.wait(random, 5 * MINUTE, 20 * HOUR);
            let reason =
                *random.pick(&["changed my mind", "found it cheaper", "ordered by mistake"]);
            let buyer = self.buyer.clone();
            self.cancelled(reason, "customer", Some(buyer));
        } else {
            self.wait(random, 3 * DAY, 3 * DAY + HOUR);
            self.cancelled("no payment received", "system", None);
        }
    }

    /// Paid, but not shipped.
    fn called_off(&mut self, random: &mut Random) {
        self.wait(random, 30 * MINUTE, 20 * HOUR);
        if random.chance(50) {
            let buyer = self.buyer.clone();
            self.cancelled("changed my mind", "customer", Some(buyer));
        } else {
            let agent = (*random.pick(&SUPPORT)).to_owned();
            self.cancelled("out of stock", "shop", Some(agent));
        }
        self.wait(random, 5 * MINUTE, 12 * HOUR);
        self.refunded(random, self.total_cents(), "cancelled");
    }

    /// Delivered, but not kept, or not all of it.
    fn sent_back(&mut self, random: &mut Random) {
        self.wait(random, 2 * DAY, 9 * DAY);
        self.at_ms = clock::when_open(random, self.at_ms);
        let reason =
            *random.pick(&["damaged in transit", "does not fit", "wrong item", "not as described"]);
        let kept = self.lines.iter().filter(|line| line.quantity > 0).collect::<Vec<_>>();
        let line = random.pick(&kept);
        let one_line_cents = line.product.cents * line.quantity;
        let cents = if random.chance(50) { one_line_cents } else { self.total_cents() };
        self.refunded(random, cents, reason);
    }

    fn cancelled(&mut self, reason: &str, by: &str, user: Option<String>) {
        let data = object([
            ("status", "cancelled".into()),
            ("cancellation", object([("reason", reason.into()), ("by", by.into())])),
        ]);
        let published = object([("order_id", self.id.as_str().into()), ("reason", reason.into())]);
        self.happens("OrderCancelled", data, user, Some(("order.cancelled", published)));
    }

    fn refunded(&mut self, random: &mut Random, cents: u64, reason: &str) {
        let status = if cents == self.total_cents() { "refunded" } else { "partly refunded" };
        let refund = object([
            ("amount", Json::Money(cents)),
            ("reason", reason.into()),
            ("reference", format!("ref_{}", random.hex(14)).into()),
        ]);
        let data = object([("status", status.into()), ("refund", refund)]);
        let published = object([
            ("order_id", self.id.as_str().into()),
            ("amount", Json::Money(cents)),
            ("currency", "EUR".into()),
        ]);
        let agent = (*random.pick(&SUPPORT)).to_owned();
        self.happens("OrderRefunded", data, Some(agent), Some(("order.refunded", published)));
    }

    /// Adds some of a product, and returns its line.
    fn put_in(&mut self, random: &mut Random) -> usize {
        let product = random.pick(&PRODUCTS);
        let quantity = if self.bulk {
            random.between(2, 24)
        } else {
            random.between(1, 5).saturating_sub(2).max(1)
        };
        let known = self.lines.iter().position(|line| line.product.sku == product.sku);
        let index = known.unwrap_or(self.lines.len());
        if known.is_none() {
            self.lines.push(Line { product, quantity: 0 });
        }
        self.lines[index].quantity += quantity;
        index
    }

    /// A line of which something can go without leaving the order empty.
    fn takeable(&self, random: &mut Random) -> Option<usize> {
        let pieces = self.lines.iter().map(|line| line.quantity).sum::<u64>();
        let mut lines = (0..self.lines.len()).collect::<Vec<_>>();
        lines.retain(|&index| self.lines[index].quantity > 0);
        (pieces > 1).then(|| *random.pick(&lines))
    }

    fn take_out(&mut self, random: &mut Random, index: usize) -> usize {
        let others =
            self.lines.iter().map(|line| line.quantity).sum::<u64>() - self.lines[index].quantity;
        let line = &mut self.lines[index];
        let most = if others > 0 { line.quantity } else { line.quantity - 1 };
        line.quantity -= random.between(1, most);
        index
    }

    fn items_cents(&self) -> u64 {
        self.lines.iter().map(|line| line.product.cents * line.quantity).sum()
    }

    fn shipping_cents(&self) -> u64 {
        if self.items_cents() >= FREE_SHIPPING_CENTS { 0 } else { self.full_shipping_cents }
    }

    fn total_cents(&self) -> u64 {
        self.items_cents() + self.shipping_cents()
    }

    fn wait(&mut self, random: &mut Random, low_ms: u64, high_ms: u64) {
        self.at_ms += random.between(low_ms, high_ms);
    }

    fn happens(
        &mut self,
        kind: &'static str,
        data: Json,
        user: Option<String>,
        published: Option<(&'static str, Json)>,
    ) {
        self.facts.push(Fact { at_ms: self.at_ms, kind, data, user, published });
    }
}

impl Line {
    fn json(&self) -> Json {
        object([
            ("name", self.product.name.into()),
            ("price", Json::Money(self.product.cents)),
            ("quantity", self.quantity.into()),
        ])
    }
}
