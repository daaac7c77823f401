//! Somebody who asks plain questions, and knows the answers.

use std::net::SocketAddr;
use std::time::Duration;

use rewind_tests::{TestRedis, eventually};
use serde_json::Value;

/// Plain questions: short reads that have to be answered whatever others ask.
const QUESTIONS: [&str; 5] = [
    "/healthz",
    "/readyz",
    "/api/events?stream=aggregate:Order:1&limit=20",
    "/api/replay?stream=aggregate:Order:1&version=7",
    "/api/event?stream=aggregate:Order:1&id=3-0",
];
/// Within which time a plain question is answered on a machine that is busy: far below the limits of hostile ones.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many connections to Redis a server keeps that nobody asks anything.
const KEPT_CONNECTIONS: usize = 24;

/// Asks plain questions.
pub struct Witness {
    client: reqwest::Client,
    address: SocketAddr,
    /// The answers when nobody else asks.
    answers: Vec<Value>,
    asked: u64,
}

impl Witness {
    /// Asks each question once, while it is quiet.
    pub async fn new(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let mut witness = Self { client, address, answers: Vec::new(), asked: 0 };
        for question in QUESTIONS {
            let answer = witness.answer(question).await;
            witness.answers.push(answer);
        }
        witness
    }

    /// Asks each question, over the connections that it has and over a new one.
    pub async fn ask(&mut self) {
        if self.asked.is_multiple_of(10) {
            self.client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        }
        for (question, expected) in QUESTIONS.iter().zip(&self.answers) {
            assert_eq!(self.answer(question).await, *expected, "{question}");
        }
        self.asked += 1;
    }

    /// How often all questions were asked.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    async fn answer(&self, question: &str) -> Value {
        let request = self.client.get(format!("http://{}{question}", self.address));
        let response = request.send().await.unwrap_or_else(|error| panic!("{question}: {error}"));
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{question}: {status}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{question}: {text}"))
    }
}

/// Waits until the server has let go of what hostile questions took.
pub async fn nothing_is_left(redis: &TestRedis) {
    eventually("the server lets go of its connections to Redis", || async {
        let clients = redis.run("CLIENT LIST").await;
        let text: String = redis::from_redis_value(clients).unwrap();
        (text.lines().count() <= KEPT_CONNECTIONS).then_some(())
    })
    .await;
}
