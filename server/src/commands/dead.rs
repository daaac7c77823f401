//! `rewind dead`: entries that a group gave up on.

use clap::{Args, Subcommand};
use rewind_domain::Entry;
use rewind_domain::{EntryId, Fields, layout};
use rewind_store::consume::{DeadLetter, DeadLetters, ReplayTo, Replayed};
use serde::Serialize;

use super::Failure;
use super::groups::{GroupArgs, text};
use super::output::{Record, note};

/// How many are asked for at a time.
const PAGE: u64 = 100;

/// What to do with dead letters.
#[derive(Args)]
pub struct DeadArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List dead letters, with where they come from and why
    List(ListArgs),
    /// Replay dead letters, each once: to the stream as a new event with `replay_of`, or to the group alone
    Replay(ReplayArgs),
    /// Delete dead letters
    Drop(DropArgs),
}

#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    group: GroupArgs,
    /// List those behind this one
    #[arg(long, value_name = "ID")]
    after: Option<EntryId>,
    /// How many to list at most
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    count: u64,
}

/// Which dead letters.
#[derive(Args)]
struct Chosen {
    /// The ids of the dead letters
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<EntryId>,
    /// All that there are now
    #[arg(long)]
    all: bool,
    /// Say how many there are, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct ReplayArgs {
    #[command(flatten)]
    group: GroupArgs,
    #[command(flatten)]
    chosen: Chosen,
    /// Make the entries pending in the group again, under their own ids, instead of adding them to the stream for everyone
    #[arg(long)]
    to_group: bool,
}

#[derive(Args)]
struct DropArgs {
    #[command(flatten)]
    group: GroupArgs,
    #[command(flatten)]
    chosen: Chosen,
}

/// A dead letter.
#[derive(Serialize)]
struct LetterRow {
    id: EntryId,
    origin: Option<EntryId>,
    reason: Option<String>,
    deliveries: Option<u64>,
    consumer: Option<String>,
    at_ms: Option<u64>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    fields: Fields,
}

impl From<DeadLetter> for LetterRow {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { id, fields, cause } = letter;
        let event = layout::decode(Entry { id, fields });
        let cause = cause.as_ref();
        Self {
            id,
            origin: cause.map(|cause| cause.origin),
            reason: cause.map(|cause| cause.reason.clone()),
            deliveries: cause.map(|cause| cause.deliveries),
            consumer: cause.map(|cause| text(&cause.consumer)),
            at_ms: cause.map(|cause| cause.at_ms),
            event_type: event.event_type,
            fields: event.fields,
        }
    }
}

impl Record for LetterRow {
    const COLUMNS: &'static [&'static str] =
        &["id", "origin", "type", "deliveries", "consumer", "reason"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.origin.map(|id| id.to_string()).unwrap_or_default(),
            self.event_type.clone().unwrap_or_default(),
            self.deliveries.map(|count| count.to_string()).unwrap_or_default(),
            self.consumer.clone().unwrap_or_default(),
            self.reason.clone().unwrap_or_default(),
        ]
    }
}

/// What replaying a dead letter came to.
#[derive(Serialize)]
struct ReplayRow {
    dead_letter: EntryId,
    /// Its id in the stream now.
    id: Option<EntryId>,
    outcome: &'static str,
}

impl Record for ReplayRow {
    const COLUMNS: &'static [&'static str] = &["dead letter", "id", "outcome"];

    fn cells(&self) -> Vec<String> {
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        vec![self.dead_letter.to_string(), id, self.outcome.to_owned()]
    }
}

#[derive(Serialize)]
struct Dropped {
    dropped: u64,
}

impl Record for Dropped {
    const COLUMNS: &'static [&'static str] = &["dropped"];

    fn cells(&self) -> Vec<String> {
        vec![self.dropped.to_string()]
    }
}

impl DeadArgs {
    /// Does what the command line says.
    pub async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(args) => args.run().await,
            Action::Replay(args) => args.run().await,
            Action::Drop(args) => args.run().await,
        }
    }
}

impl ListArgs {
    async fn run(self) -> Result<(), Failure> {
        let letters = DeadLetters::of(self.group.open()?);
        let output = self.group.output.open();
        let (mut after, mut rest) = (self.after, self.count);
        let mut rows = Vec::new();
        while rest > 0 {
            let page = letters.list(after, rest.min(PAGE)).await;
            let page = page.map_err(|error| self.group.failure(error))?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            rest -= page.len() as u64;
            rows.extend(page.into_iter().map(LetterRow::from));
            // Programs get each page as it comes; a table is aligned as a whole.
            if output.is_json() {
                output.records(&rows)?;
                rows.clear();
            }
        }
        if output.is_json() { Ok(()) } else { Ok(output.records(&rows)?) }
    }
}

impl Chosen {
    /// The ids of the dead letters that are meant.
    async fn ids(&self, letters: &DeadLetters, group: &GroupArgs) -> Result<Vec<EntryId>, Failure> {
        if !self.all {
            return Ok(self.ids.clone());
        }
        let mut ids: Vec<EntryId> = Vec::new();
        loop {
            let page = letters.list(ids.last().copied(), PAGE).await;
            let page = page.map_err(|error| group.failure(error))?;
            if page.is_empty() {
                return Ok(ids);
            }
            ids.extend(page.iter().map(|letter| letter.id));
        }
    }
}

impl ReplayArgs {
    async fn run(self) -> Result<(), Failure> {
        let letters = DeadLetters::of(self.group.open()?);
        let ids = self.chosen.ids(&letters, &self.group).await?;
        let to = if self.to_group { ReplayTo::Group } else { ReplayTo::Stream };
        if self.chosen.dry_run {
            let place = if self.to_group { "the group" } else { "the stream" };
            note(&format!("{} dead letters would be replayed to {place}", ids.len()));
            return Ok(());
        }
        let output = self.group.output.open();
        let mut left = 0;
        for dead_letter in ids {
            let replayed = letters.replay(dead_letter, to).await;
            let (id, outcome) = match replayed.map_err(|error| self.group.failure(error))? {
                Replayed::Done(id) => (Some(id), "replayed"),
                Replayed::Absent => (None, "no such dead letter"),
                Replayed::Foreign => (None, "not made by a group, so its origin is not known"),
                Replayed::OriginGone => (None, "its entry is no longer in the stream"),
                Replayed::Pending => (None, "its entry is pending in the group already"),
            };
            left += u64::from(id.is_none());
            output.record(&ReplayRow { dead_letter, id, outcome })?;
        }
        match left {
            0 => Ok(()),
            left => Err(Failure::Refused(format!("{left} dead letters were not replayed"))),
        }
    }
}

impl DropArgs {
    async fn run(self) -> Result<(), Failure> {
        let letters = DeadLetters::of(self.group.open()?);
        let ids = self.chosen.ids(&letters, &self.group).await?;
        if self.chosen.dry_run {
            note(&format!("{} dead letters would be deleted", ids.len()));
            return Ok(());
        }
        let dropped = letters.drop_letters(&ids).await;
        let dropped = dropped.map_err(|error| self.group.failure(error))?;
        self.group.output.open().details(&Dropped { dropped })?;
        match ids.len() as u64 - dropped {
            0 => Ok(()),
            absent => {
                Err(Failure::NotFound(format!("{absent} of these dead letters do not exist")))
            }
        }
    }
}
