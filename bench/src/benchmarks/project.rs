//! A projection of a long stream, against merely reading its entries.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use rewind_store::EventStore;
use rewind_store::project::{Handlers, Projection, reset};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::process::Command;

use super::Setting;
use crate::bare::BareClient;
use crate::data;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::interleaved;
use crate::stats::{Pair, Summary};

/// How much longer than reading the entries a projection with native handlers may take.
const MAX_RATIO: f64 = 0.8;
/// How much longer it may take with handlers in JavaScript.
const MAX_SCRIPTED_RATIO: f64 = 1.6;
/// The stream that is projected.
const STREAM: &str = "bench:project";
/// The name of the projection.
const NAME: &str = "totals";
/// The same in JavaScript as [`Totals`] in Rust.
const SCRIPT: &str = r#"const sell = (state, { data }) => {
  state.events += 1;
  state.quantity += data.item.quantity;
  state.last_customer = data.customer.id;
};

export default {
  streams: ["bench:project"],
  initial: () => ({ events: 0, quantity: 0, last_customer: null }),
  on: { OrderCreated: sell, ItemAdded: sell, ItemRemoved: sell, OrderPaid: sell, OrderShipped: sell },
};
"#;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Totals {
    events: u64,
    quantity: u64,
    last_customer: String,
}

#[derive(Deserialize)]
struct Sale {
    customer: Customer,
    item: Item,
}

#[derive(Deserialize)]
struct Customer {
    id: String,
}

#[derive(Deserialize)]
struct Item {
    quantity: u64,
}

/// Measures both kinds of handlers.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, STREAM, data::MILLION).await?;
    let folder = setting.scratch.join("projections");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{NAME}.js")), SCRIPT)?;
    let store = EventStore::new(setting.redis.url().parse()?);

    let results =
        against_reading(setting, &mut bare, async |_| native(setting.redis.url())).await?;
    add(report, "native handlers", &results, MAX_RATIO)?;
    let results = against_reading(setting, &mut bare, async |_| {
        reset(&store, NAME).await?;
        let start = Instant::now();
        scripted(setting, &folder).await?;
        Ok(start.elapsed().as_secs_f64())
    })
    .await?;
    add(report, "handlers in JavaScript", &results, MAX_SCRIPTED_RATIO)?;
    reset(&store, NAME).await?;
    bare.delete(STREAM).await
}

async fn against_reading(
    setting: &Setting,
    bare: &mut BareClient,
    project: impl AsyncFnMut(usize) -> Result<f64>,
) -> Result<Vec<Pair>> {
    let results = interleaved(setting.effort.pick(5, 2), project, async |_| {
        let start = Instant::now();
        let entries = bare.drain(STREAM).await?;
        if entries != data::MILLION {
            bail!("the bare client read {entries} entries");
        }
        Ok(start.elapsed().as_secs_f64())
    });
    Ok(results.await?.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect())
}

fn add(report: &mut Report, handlers: &str, results: &[Pair], most: f64) -> Result<()> {
    let what = format!("projecting {} events, {handlers}", data::MILLION);
    report.add(Row::compared(&what, Unit::Time, &Summary::of(results)?, Aim::Ratio(most)));
    Ok(())
}

/// Projects by handlers of this program, on threads as a service has them, and gives the seconds that it took.
fn native(url: &str) -> Result<f64> {
    let url = url.to_owned();
    let project = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let store = EventStore::new(url.parse()?);
            reset(&store, NAME).await?;
            let start = Instant::now();
            let mut projection = projection();
            let progress = projection.catch_up(&store).await?;
            let elapsed = start.elapsed().as_secs_f64();
            if progress.events != data::MILLION as u64 {
                bail!("{} events were handled", progress.events);
            }
            Ok(elapsed)
        })
    };
    let projected = std::thread::spawn(project).join();
    projected.ok().context("the projection panicked")?
}

fn projection() -> Projection {
    let sell = |totals: &mut Totals, sale: Sale| {
        totals.events += 1;
        totals.quantity += sale.item.quantity;
        totals.last_customer = sale.customer.id;
    };
    let types = ["OrderCreated", "ItemAdded", "ItemRemoved", "OrderPaid", "OrderShipped"];
    let handlers = types.into_iter().fold(Handlers::new(), |all, name| all.on(name, sell));
    Projection::state(NAME, Totals::default, handlers).stream(STREAM)
}

/// Has a process of its own do the same by a script.
async fn scripted(setting: &Setting, folder: &Path) -> Result<()> {
    let mut command = Command::new(setting.rewind.binary());
    command.args(["project", "run", "--once", "--redis-url", setting.redis.url()]).arg(folder);
    let output = command.output().await?;
    let handled: Json = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    if handled["events"] != data::MILLION {
        bail!("{handled}");
    }
    Ok(())
}
