//! Deciding commands on aggregates.

use rewind_dev::TestRedis;
use rewind_store::EventStore;
use rewind_store::aggregate::{Aggregate, AggregateStore, DecideError, Decider, given};
use serde::{Deserialize, Serialize};

/// An account that can only be emptied once.
struct Account;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
enum Moved {
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

enum Command {
    Deposit(u64),
    Withdraw(u64),
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the account has only {0} cents")]
struct TooLittle(u64);

impl Decider for Account {
    type Command = Command;
    type Event = Moved;
    type State = u64;
    type Error = TooLittle;

    fn initial(&self) -> u64 {
        0
    }

    fn evolve(&self, cents: u64, event: &Moved) -> u64 {
        match event {
            Moved::Deposited { cents: more } => cents + more,
            Moved::Withdrawn { cents: less } => cents - less,
        }
    }

    fn decide(&self, cents: &u64, command: &Command) -> Result<Vec<Moved>, TooLittle> {
        match command {
            Command::Deposit(0) => Ok(Vec::new()),
            Command::Deposit(more) => Ok(vec![Moved::Deposited { cents: *more }]),
            Command::Withdraw(less) if less > cents => Err(TooLittle(*cents)),
            Command::Withdraw(less) => Ok(vec![Moved::Withdrawn { cents: *less }]),
        }
    }
}

#[test]
fn rules_are_tested_without_a_store() {
    given(&Account, [Moved::Deposited { cents: 5 }])
        .when(&Command::Withdraw(3))
        .then([Moved::Withdrawn { cents: 3 }])
        .then_state(&2);
    given(&Account, []).when(&Command::Withdraw(3)).then_refused(TooLittle(0));
    given(&Account, []).when(&Command::Deposit(0)).then([]).then_state(&0);
}

#[test]
#[should_panic(expected = "what was decided")]
fn rules_that_decide_otherwise_fail_their_test() {
    let _ = given(&Account, []).when(&Command::Deposit(1)).then([]);
}

#[tokio::test]
async fn nobody_withdraws_what_another_has_withdrawn() {
    let redis = TestRedis::start().await;
    let store = AggregateStore::new(&EventStore::new(redis.url())).with_attempts(200);
    let account = Aggregate::new("Account", "1");
    let decided = store.decide(&account, &Account, &Command::Deposit(10)).await.unwrap();
    assert_eq!((decided.state, decided.version, decided.ids.len()), (10, 1, 1));
    let racing = (0..20).map(|_| {
        let (store, account) = (store.clone(), account.clone());
        async move { store.decide(&account, &Account, &Command::Withdraw(1)).await }
    });
    let outcomes = futures::future::join_all(racing).await;
    let refused =
        |outcome: &&Result<_, _>| matches!(outcome, Err(DecideError::Refused(TooLittle(0))));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    assert_eq!(outcomes.iter().filter(refused).count(), 10);
    let nothing = store.decide(&account, &Account, &Command::Deposit(0)).await.unwrap();
    assert_eq!((nothing.state, nothing.version, nothing.ids.len()), (0, 11, 0));
}

#[tokio::test]
async fn an_event_that_is_none_of_the_rules_own_is_named() {
    let redis = TestRedis::start().await;
    let store = AggregateStore::new(&EventStore::new(redis.url()));
    redis.add("aggregate:Account:1", "1-0", "Closed", "{}").await;
    let error = store.decide(&Aggregate::new("Account", "1"), &Account, &Command::Deposit(1)).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`1-0`") && error.contains("`Closed`"), "{error}");
}
