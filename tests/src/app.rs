//! A running Rewind.

use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::StatusCode;
use rewind_codec::Codecs;
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::caller::Permission;
use rewind_server::config::{
    AccessConfig, DEFAULT_SCAN_RATE, FoldConfig, OperatingConfig, RetentionPolicy, ServeConfig,
};
use rewind_server::http::Capacity;
use rewind_server::live::LiveLimits;
use rewind_server::relations::RelationConfig;
use rewind_server::serve::Server;
use rewind_server::serving::Patience;
use rewind_server::topics::{Topic, TopicRule, read_rules};
use rewind_store::StoreUrl;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{LiveLine, TestRedis, eventually, rewind_binary};

/// How much room there is for keyframes where nothing is said: more than tests need.
const KEYFRAME_BYTES: usize = 16 * 1024 * 1024;
/// How much room there is for indexes: more than tests need.
const INDEX_BYTES: usize = 16 * 1024 * 1024;

/// The program that runs scripts: the one under test, as that of the test is another one.
fn engine_program() -> Option<PathBuf> {
    Some(rewind_binary())
}

/// The server in this process, on a port of its own.
pub struct TestApp {
    address: SocketAddr,
    redis_url: StoreUrl,
    access: AccessConfig,
    operate_redis_url: Option<StoreUrl>,
    environment: Option<(String, String)>,
    projections: Option<PathBuf>,
    retention: Vec<RetentionPolicy>,
    aggregates: AggregatePatterns,
    folds: FoldConfig,
    keyframe_bytes: usize,
    live: LiveLimits,
    index_bytes: usize,
    codecs: Codecs,
    topics: Vec<Topic>,
    topic_bytes: usize,
    capacity: Capacity,
    patience: Patience,
    client: reqwest::Client,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl TestApp {
    /// Starts it on a free port.
    pub async fn start(redis: &TestRedis) -> Self {
        Self::start_on(redis.url()).await
    }

    /// Starts it with any Redis.
    pub async fn start_on(redis_url: StoreUrl) -> Self {
        Self::start_with(redis_url, FoldConfig::default(), KEYFRAME_BYTES).await
    }

    /// Starts it with a folder of folds.
    pub async fn start_with_folds(redis: &TestRedis, folds: FoldConfig) -> Self {
        Self::start_with(redis.url(), folds, KEYFRAME_BYTES).await
    }

    /// Starts it with a folder of folds and rules for payloads that are no JSON text.
    pub async fn start_with_codecs(redis: &TestRedis, folds: FoldConfig, codecs: Codecs) -> Self {
        Self::start_as(redis.url(), folds, KEYFRAME_BYTES, codecs).await
    }

    /// Starts it with room for this many bytes of keyframes.
    pub async fn start_with(redis_url: StoreUrl, folds: FoldConfig, keyframe_bytes: usize) -> Self {
        Self::start_as(redis_url, folds, keyframe_bytes, Codecs::default()).await
    }

    async fn start_as(
        redis_url: StoreUrl,
        folds: FoldConfig,
        keyframe_bytes: usize,
        codecs: Codecs,
    ) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let client = reqwest::Client::new();
        let index_bytes = INDEX_BYTES;
        let mut app = Self {
            address,
            redis_url,
            access: AccessConfig {
                permissions: Permission::ALL.to_vec(),
                ..AccessConfig::default()
            },
            operate_redis_url: None,
            environment: None,
            projections: None,
            retention: Vec::new(),
            aggregates: AggregatePatterns::default(),
            folds,
            keyframe_bytes,
            live: LiveLimits::default(),
            index_bytes,
            codecs,
            topics: Vec::new(),
            topic_bytes: INDEX_BYTES,
            capacity: Capacity::default(),
            patience: Patience::default(),
            client,
            running: None,
        };
        app.start_again().await;
        app
    }

    /// Starts it with aggregates in topics, each given by its type, the stream and where an event names it, and with room for
    /// this many bytes of what is noted of them.
    pub async fn start_with_topics(
        redis: &TestRedis,
        folds: FoldConfig,
        rules: &[[&str; 3]],
        topic_bytes: Option<usize>,
    ) -> Self {
        let rule = |[aggregate_type, stream, by]: &[&str; 3]| TopicRule {
            aggregate_type: (*aggregate_type).to_owned(),
            stream: (*stream).to_owned(),
            by: (*by).to_owned(),
        };
        let rules: Vec<TopicRule> = rules.iter().map(rule).collect();
        let mut app = Self::start_with_folds(redis, folds).await;
        app.stop().await;
        app.topics = read_rules(&rules).unwrap();
        app.topic_bytes = topic_bytes.unwrap_or(app.topic_bytes);
        app.start_again().await;
        app
    }

    /// Starts it without room for indexes.
    pub async fn start_without_indexes(redis: &TestRedis) -> Self {
        let mut app = Self::start(redis).await;
        app.stop().await;
        app.index_bytes = 0;
        app.start_again().await;
        app
    }

    /// Stops it, and starts it again with these limits of viewers.
    pub async fn restart_with_limits(&mut self, live: LiveLimits) {
        self.stop().await;
        self.live = live;
        self.start_again().await;
    }

    /// Stops it, and starts it again with other rights for callers, who have all otherwise.
    pub async fn restart_with_access(&mut self, access: AccessConfig) {
        self.stop().await;
        self.access = access;
        self.start_again().await;
    }

    /// Stops it, and starts it again with another Redis user for what callers change.
    pub async fn restart_operating_as(&mut self, redis_url: StoreUrl) {
        self.stop().await;
        self.operate_redis_url = Some(redis_url);
        self.start_again().await;
    }

    /// Stops it, and starts it again under this name and colour.
    pub async fn restart_as_environment(&mut self, name: &str, colour: &str) {
        self.stop().await;
        self.environment = Some((name.to_owned(), colour.to_owned()));
        self.start_again().await;
    }

    /// Stops it, and starts it again with a folder of projections.
    pub async fn restart_with_projections(&mut self, folder: PathBuf) {
        self.stop().await;
        self.projections = Some(folder);
        self.start_again().await;
    }

    /// Stops it, and starts it again with these policies of retention.
    pub async fn restart_with_retention(&mut self, retention: Vec<RetentionPolicy>) {
        self.stop().await;
        self.retention = retention;
        self.start_again().await;
    }

    /// Stops it, and starts it again with other keys for aggregates.
    pub async fn restart_with_aggregates(&mut self, aggregates: AggregatePatterns) {
        self.stop().await;
        self.aggregates = aggregates;
        self.start_again().await;
    }

    /// Stops it, and starts it again with room for so much, and with this much patience.
    pub async fn restart_with_capacity(&mut self, capacity: Capacity, patience: Patience) {
        self.stop().await;
        (self.capacity, self.patience) = (capacity, patience);
        self.start_again().await;
    }

    /// Starts it where it was before.
    pub async fn start_again(&mut self) {
        let (address, redis_url) = (self.address, self.redis_url.clone());
        // The port may be taken for a moment by a connection that is still closing.
        let server = eventually("the server has its port", || {
            let config = ServeConfig {
                redis_url: redis_url.clone(),
                listen: address,
                allow_host: vec!["rewind.test".to_owned()],
                access: self.access.clone(),
                operating: OperatingConfig {
                    redis_url: self.operate_redis_url.clone().unwrap_or_else(|| redis_url.clone()),
                    environment: self.environment.clone(),
                },
                aggregates: self.aggregates.clone(),
                folds: FoldConfig { engine_program: engine_program(), ..self.folds.clone() },
                projections: self.projections.clone(),
                keyframe_bytes: self.keyframe_bytes,
                live: self.live,
                relations: RelationConfig::default(),
                index_bytes: self.index_bytes,
                read_rate: None,
                codecs: self.codecs.clone(),
                topics: self.topics.clone(),
                topic_bytes: self.topic_bytes,
                scan_rate: DEFAULT_SCAN_RATE,
                retention: self.retention.clone(),
                capacity: self.capacity,
                patience: self.patience,
            };
            async { Server::bind(config).await.ok() }
        })
        .await;
        self.address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(async { server.run(shutdown).await });
        self.running = Some((stop, task));
    }

    /// Stops it in an orderly way, and waits until it is gone.
    pub async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        stop.send(()).unwrap();
        // Connections that are kept alive would keep it alive.
        self.client = reqwest::Client::new();
        task.await.unwrap();
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request that can be changed before it is sent.
    pub fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.url()))
    }

    /// The answer to a `GET`, as JSON.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.request(path).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        let json =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {status}: {text}"));
        (status, json)
    }

    /// The answer to a `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.url())).json(body);
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// The answer to a `GET` that succeeds.
    pub async fn ok(&self, path: &str) -> Value {
        let (status, json) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {json}");
        json
    }

    /// The status and code of a `GET` that fails; its message must be there too.
    pub async fn error(&self, path: &str) -> (u16, String, String) {
        let (status, json) = self.get(path).await;
        let text = |name: &str| {
            json["error"][name].as_str().unwrap_or_else(|| panic!("{path}: {json}")).to_owned()
        };
        (status.as_u16(), text("code"), text("message"))
    }

    /// A figure of `GET /metrics`.
    pub async fn figure(&self, name: &str) -> u64 {
        let text = self.request("/metrics").send().await.unwrap().text().await.unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no `{name}`: {text}"))
    }

    /// A line of live events.
    pub async fn live(&self, query: &str) -> LiveLine {
        LiveLine::open(self.request(&format!("/api/live?{query}"))).await
    }
}
