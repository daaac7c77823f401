//! How Redis is, in a line, and what of it is to be called out.

use leptos::prelude::*;

use crate::api::{Finding, RedisHealth, Severity};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// The figures of a Redis server.
#[component]
pub(crate) fn RedisStrip(
    /// What it tells; `None` if it does not.
    #[prop(into)]
    health: Signal<Option<RedisHealth>>,
) -> impl IntoView {
    let figures = move || health.get().map(|health| figures(&health));
    view! { <dl class="figures" aria-label="Redis" data-testid="redis">{figures}</dl> }
}

fn figures(health: &RedisHealth) -> impl IntoView + use<> {
    let memory = match health.memory_limit_bytes {
        Some(limit) => format!("of {}", text::byte_size(limit)),
        None => "no limit".to_owned(),
    };
    let memory_note = format!("{memory} · {}", health.memory_policy);
    let blocked = match health.blocked_clients {
        0 => String::new(),
        blocked => format!(" · {} blocked", text::grouped(blocked)),
    };
    let clients_note = match health.max_clients {
        Some(max) => format!("of {}{blocked}", text::grouped(max)),
        None => blocked.trim_start_matches(" · ").to_owned(),
    };
    let role = match (health.role.as_str(), health.replicas) {
        ("slave", _) if health.is_master_up == Some(false) => "replica, master lost".to_owned(),
        ("slave", _) => "replica".to_owned(),
        (_, 0) => "no replicas".to_owned(),
        (_, replicas) => text::counted(replicas, "replica", "replicas"),
    };
    let uptime = text::brief_duration(health.uptime_s.saturating_mul(1_000));
    let (persistence, persistence_note) = persistence(health);
    [
        ("Server", health.version.clone(), format!("{} · up {uptime}", health.mode)),
        ("Memory", text::byte_size(health.memory_bytes), memory_note),
        ("Connections", text::grouped(health.clients), clients_note),
        ("Commands", format!("{} /s", text::grouped(health.commands_per_second)), role),
        ("Persistence", persistence, persistence_note),
        ("Evicted", text::grouped(health.evicted_keys), "keys since start".to_owned()),
        (
            "Keys",
            text::grouped(health.keys),
            format!("{} will expire", text::grouped(health.expiring_keys)),
        ),
    ]
    .into_iter()
    .map(|(name, value, note)| {
        view! {
            <div class="figure">
                <dt>{name}</dt>
                <dd>
                    <b>{value}</b>
                    <span class="figure-note" title=note>{note.clone()}</span>
                </dd>
            </div>
        }
    })
    .collect_view()
}

fn persistence(health: &RedisHealth) -> (String, String) {
    let persistence = &health.persistence;
    let changes = persistence.changes_since_save;
    let since = format!("{} since snapshot", text::counted(changes, "change", "changes"));
    let value = match (persistence.is_loading, persistence.is_aof_on, persistence.is_rdb_ok) {
        (true, _, _) => "loading",
        (false, true, _) if !persistence.is_aof_ok => "AOF failed",
        (false, _, false) => "snapshot failed",
        (false, true, true) => "AOF",
        (false, false, true) => "no AOF",
    };
    (value.to_owned(), since)
}

/// What is worth knowing about Redis, the worst first.
#[component]
pub(crate) fn Findings(
    /// What it is.
    #[prop(into)]
    findings: Signal<Vec<Finding>>,
) -> impl IntoView {
    let rows = move || {
        let row = |finding: Finding| {
            let class = match finding.severity {
                Severity::Danger => "finding danger",
                Severity::Warning => "finding warning",
                Severity::Info => "finding",
            };
            let mark = (finding.severity != Severity::Info)
                .then(|| view! { <Icon glyph=Glyph::Warning /> });
            view! {
                <li class=class data-testid="finding" data-code=code_name(&finding)>
                    {mark}
                    <span><b>{text::sentence(&finding.message)}</b> " " {text::sentence(&finding.help)}</span>
                </li>
            }
        };
        let rows: Vec<Finding> = findings.get();
        (!rows.is_empty())
            .then(|| view! { <ul class="findings" aria-label="About Redis">{rows.into_iter().map(row).collect_view()}</ul> })
    };
    view! { {rows} }
}

/// The code by its name on the wire.
fn code_name(finding: &Finding) -> String {
    let json = serde_json::to_string(&finding.code).unwrap_or_default();
    json.trim_matches('"').to_owned()
}
