//! `rewind dead`: entries that a group gave up on.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use rewind_domain::Entry;
use rewind_domain::{EntryId, Fields, layout};
use rewind_store::consume::{DeadLetter, DeadLetters, ReplayTo, Replayed};
use serde::Serialize;

use super::Failure;
use super::groups::{GroupArgs, text};
use super::output::{Record, counted, is_done};

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
    /// Say what would become of them, and change nothing
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
    /// Its id in the stream now; not known where it would be added to the stream.
    id: Option<EntryId>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
    #[serde(skip)]
    replayed: Replayed,
}

impl ReplayRow {
    /// That of a letter that was replayed, or not; in a dry run to the group, or to the stream.
    fn new(dead_letter: EntryId, replayed: Replayed, dry_run: bool, to: ReplayTo) -> Self {
        let (id, outcome) = match replayed {
            Replayed::Done(_) if dry_run && to == ReplayTo::Stream => (None, "would be replayed"),
            Replayed::Done(id) if dry_run => (Some(id), "would be replayed"),
            Replayed::Done(id) => (Some(id), "replayed"),
            Replayed::Absent => (None, "no such dead letter"),
            Replayed::Foreign => (None, "not made by a group, so its origin is not known"),
            Replayed::OriginGone => (None, "its entry is no longer in the stream"),
            Replayed::Pending => (None, "its entry is pending in the group already"),
        };
        Self { dead_letter, id, outcome, dry_run, replayed }
    }
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
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
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
            output.page(&mut rows, false)?;
        }
        Ok(output.page(&mut rows, true)?)
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
        let progress = self.group.output.progress_beside_rows();
        let mut report = self.group.output.report();
        let mut tally = Tally::default();
        let mut outcome = Ok(());
        for dead_letter in &ids {
            match self.replay(&letters, *dead_letter).await {
                Ok(row) => {
                    tally.count(&row);
                    progress.advance(0, tally.replayed);
                    report.record(&row);
                }
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
        }
        drop(progress);
        let place = if self.to_group { "the group" } else { "the stream" };
        let verb = if self.chosen.dry_run { "would be" } else { "were" };
        let done = format!(
            "{} {verb} replayed to {place}",
            counted(tally.replayed, "dead letter", "dead letters")
        );
        let is_told = self.chosen.dry_run || outcome.is_err();
        report.end(outcome.and_then(|()| tally.outcome(verb)), &done, is_told)
    }

    async fn replay(&self, letters: &DeadLetters, id: EntryId) -> Result<ReplayRow, Failure> {
        let dry_run = self.chosen.dry_run;
        let to = if self.to_group { ReplayTo::Group } else { ReplayTo::Stream };
        let replayed = if dry_run {
            letters.preview_replay(id, to).await.map_err(|error| self.group.failure(error))?
        } else {
            letters.replay(id, to).await.map_err(|error| self.group.failure(error))?
        };
        Ok(ReplayRow::new(id, replayed, dry_run, to))
    }
}

/// What replaying dead letters came to.
#[derive(Default)]
struct Tally {
    replayed: u64,
    absent: u64,
    left: u64,
}

impl Tally {
    fn count(&mut self, row: &ReplayRow) {
        match row.replayed {
            Replayed::Done(_) => self.replayed += 1,
            Replayed::Absent => self.absent += 1,
            Replayed::Foreign | Replayed::OriginGone | Replayed::Pending => self.left += 1,
        }
    }

    /// How the command ends. `verb` is `were` or `would be`.
    fn outcome(&self, verb: &str) -> Result<(), Failure> {
        match (self.left, self.absent) {
            (0, 0) => Ok(()),
            (0, absent) => Err(no_such(absent)),
            (left, absent) => Err(Failure::Conflict(format!(
                "{} {verb} not replayed",
                counted(left + absent, "dead letter", "dead letters")
            ))),
        }
    }
}

/// Dead letters that were named and are not there.
fn no_such(absent: u64) -> Failure {
    Failure::NotFound(match absent {
        1 => "1 of these dead letters does not exist".to_owned(),
        _ => format!("{absent} of these dead letters do not exist"),
    })
}

impl DropArgs {
    async fn run(self) -> Result<(), Failure> {
        let letters = DeadLetters::of(self.group.open()?);
        let dry_run = self.chosen.dry_run;
        let ids: BTreeSet<EntryId> =
            self.chosen.ids(&letters, &self.group).await?.into_iter().collect();
        let ids: Vec<EntryId> = ids.into_iter().collect();
        let dropped = if dry_run {
            let mut there = 0;
            for id in &ids {
                let letter = letters.letter(*id).await;
                there += u64::from(letter.map_err(|error| self.group.failure(error))?.is_some());
            }
            there
        } else {
            let dropped = letters.drop_letters(&ids).await;
            dropped.map_err(|error| self.group.failure(error))?
        };
        let mut report = self.group.output.report();
        report.details(&Dropped { dropped, dry_run });
        let outcome = match ids.len() as u64 - dropped {
            0 => Ok(()),
            absent => Err(no_such(absent)),
        };
        let verb = if dry_run { "would be" } else { "were" };
        let done = format!("{} {verb} deleted", counted(dropped, "dead letter", "dead letters"));
        report.end(outcome, &done, dry_run)
    }
}
