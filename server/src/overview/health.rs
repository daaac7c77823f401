//! How Redis is, and what of it threatens an event store.

use rewind_app::api::{Finding, FindingCode, Persistence, RedisHealth, Severity};

use rewind_store::commands::Command;
use rewind_store::{Cluster, ServerInfo, StoreError};

/// From which part of its memory on, in percent, Redis has little left: at usual rates of writing there are hours left then.
const SHORT_MEMORY_PERCENT: u64 = 90;
/// From which part of its connections on it has few left.
const SHORT_CLIENTS_PERCENT: u64 = 90;
/// After how many seconds without a snapshot there is none: without being told otherwise Redis makes one within an hour of a change.
const UNSAVED_SECONDS: u64 = 3_600;
/// How many units there are in a whole.
const WHOLE_PERCENT: u64 = 100;

/// What the figures of a server say, whose keys are those of this database.
pub(super) fn health(info: &ServerInfo, database: i64) -> RedisHealth {
    let text = |name: &str| info.text(name).unwrap_or_default().to_owned();
    let number = |name: &str| info.number(name).unwrap_or(0);
    let is_ok = |name: &str| info.text(name).is_none_or(|status| status == "ok");
    let (keys, expiring_keys) = info.keys(database);
    RedisHealth {
        version: info.version().unwrap_or_else(|| "Redis".to_owned()),
        mode: text("redis_mode"),
        role: text("role"),
        replicas: number("connected_slaves"),
        is_master_up: info.text("master_link_status").map(|status| status == "up"),
        uptime_s: number("uptime_in_seconds"),
        clients: number("connected_clients"),
        blocked_clients: number("blocked_clients"),
        max_clients: info.number("maxclients"),
        commands_per_second: number("instantaneous_ops_per_sec"),
        memory_bytes: number("used_memory"),
        memory_limit_bytes: info.number("maxmemory").filter(|limit| *limit > 0),
        memory_policy: text("maxmemory_policy"),
        evicted_keys: number("evicted_keys"),
        expired_keys: number("expired_keys"),
        keys,
        expiring_keys,
        persistence: Persistence {
            is_loading: number("loading") == 1,
            is_aof_on: number("aof_enabled") == 1,
            is_aof_ok: is_ok("aof_last_write_status") && is_ok("aof_last_bgrewrite_status"),
            is_rdb_ok: is_ok("rdb_last_bgsave_status"),
            unsaved_s: (number("server_time_usec") / 1_000_000)
                .saturating_sub(number("rdb_last_save_time")),
            changes_since_save: number("rdb_changes_since_last_save"),
        },
    }
}

/// What is worth knowing about a server, the worst first.
pub(super) fn findings(health: &RedisHealth) -> Vec<Finding> {
    let all = [
        eviction(health),
        evicted(health),
        memory(health),
        failed_snapshot(health),
        failed_aof(health),
        persistence(health),
        connections(health),
        master(health),
    ];
    let mut findings: Vec<Finding> = all.into_iter().flatten().collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// That Redis refuses a command, and what is lost without it.
pub(super) fn refused(command: &Command, error: &StoreError) -> Finding {
    Finding {
        code: FindingCode::CommandRefused,
        severity: if command.is_needed { Severity::Warning } else { Severity::Info },
        message: format!("Redis refuses `{}`: {}", command.name, command.without),
        help: error.to_string(),
    }
}

/// That the keys are those of one node of a cluster.
pub(super) fn of_cluster(cluster: Cluster, address: &str) -> Option<Finding> {
    let help = "Start a Rewind for each node to see all keys";
    if cluster.is_whole() {
        return None;
    }
    finding(FindingCode::OneNode, Severity::Warning, cluster.explanation(address), help)
}

fn finding(
    code: FindingCode,
    severity: Severity,
    message: impl Into<String>,
    help: &str,
) -> Option<Finding> {
    Some(Finding { code, severity, message: message.into(), help: help.to_owned() })
}

fn eviction(health: &RedisHealth) -> Option<Finding> {
    let policy = &health.memory_policy;
    let is_any = policy.starts_with("allkeys-");
    let is_of_expiring = policy.starts_with("volatile-") && health.expiring_keys > 0;
    let which = match (is_any, is_of_expiring) {
        (true, _) => "whole streams",
        (_, true) => "keys with a time to live, streams among them,",
        _ => return None,
    };
    let (severity, when) = match health.memory_limit_bytes {
        Some(_) => (Severity::Danger, "when its memory is full"),
        None => (Severity::Warning, "as soon as somebody sets `maxmemory`, which is not set now"),
    };
    finding(
        FindingCode::EvictingPolicy,
        severity,
        format!("Redis deletes {which} {when}: `maxmemory-policy` is `{policy}`"),
        "For an event store set `maxmemory-policy noeviction`: then writers get an error, and no event is lost",
    )
}

fn evicted(health: &RedisHealth) -> Option<Finding> {
    if health.evicted_keys == 0 {
        return None;
    }
    finding(
        FindingCode::EvictedKeys,
        Severity::Danger,
        format!("Redis has evicted {} since it started", counted(health.evicted_keys, "key")),
        "Streams may be among them; set `maxmemory-policy noeviction` and give Redis more memory, or trim streams",
    )
}

fn memory(health: &RedisHealth) -> Option<Finding> {
    let percent = percent(health.memory_bytes, health.memory_limit_bytes?)?;
    if percent < SHORT_MEMORY_PERCENT {
        return None;
    }
    finding(
        FindingCode::MemoryShort,
        Severity::Danger,
        format!("Redis uses {percent} % of the memory that it may use"),
        "Raise `maxmemory`, or trim streams that are read elsewhere; at the limit it refuses writes, or evicts",
    )
}

fn failed_snapshot(health: &RedisHealth) -> Option<Finding> {
    if health.persistence.is_rdb_ok {
        return None;
    }
    finding(
        FindingCode::SnapshotFailed,
        Severity::Danger,
        "The last snapshot of Redis failed",
        "Its log says why, mostly a full disk or too little memory to fork; Redis may refuse writes until one works",
    )
}

fn failed_aof(health: &RedisHealth) -> Option<Finding> {
    if health.persistence.is_aof_ok {
        return None;
    }
    finding(
        FindingCode::AofFailed,
        Severity::Danger,
        "Redis could not write or rewrite its append-only file",
        "Its log says why, mostly a full disk",
    )
}

fn persistence(health: &RedisHealth) -> Option<Finding> {
    if health.persistence.is_aof_on {
        return None;
    }
    // Its configuration would tell whether it makes snapshots, but those who look seldom may read that.
    let (changes, since_s) = (health.persistence.changes_since_save, health.persistence.unsaved_s);
    if changes > 0 && since_s >= UNSAVED_SECONDS {
        let hours = since_s / UNSAVED_SECONDS;
        return finding(
            FindingCode::NoPersistence,
            Severity::Danger,
            format!(
                "Redis has kept nothing on disk for {}: {} would be lost if it stopped",
                counted(hours, "hour"),
                counted(changes, "change")
            ),
            "Set `appendonly yes`, or have it make snapshots with `save`",
        );
    }
    finding(
        FindingCode::NoPersistence,
        Severity::Info,
        "Redis writes no append-only file: what came after its last snapshot is lost when it crashes",
        "Set `appendonly yes` where no event may be lost",
    )
}

fn connections(health: &RedisHealth) -> Option<Finding> {
    let percent = percent(health.clients, health.max_clients?)?;
    if percent < SHORT_CLIENTS_PERCENT {
        return None;
    }
    finding(
        FindingCode::ConnectionsShort,
        Severity::Warning,
        format!("{percent} % of the connections that Redis allows are taken"),
        "Raise `maxclients`, or look for clients that do not close theirs",
    )
}

fn master(health: &RedisHealth) -> Option<Finding> {
    if health.is_master_up != Some(false) {
        return None;
    }
    finding(
        FindingCode::MasterLost,
        Severity::Danger,
        "This replica has lost its master: no new events come here",
        "Look at the network between them, and at the log of the replica",
    )
}

fn percent(part: u64, whole: u64) -> Option<u64> {
    part.saturating_mul(WHOLE_PERCENT).checked_div(whole)
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nuptime_in_seconds:60\r\n\
        connected_clients:3\r\nmaxclients:10000\r\nused_memory:1000\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n\
        aof_enabled:1\r\naof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\nevicted_keys:0\r\nrole:master\r\n\
        db0:keys=10,expires=2,avg_ttl=0\r\ndb3:keys=1,expires=0\r\n";

    fn codes(change: impl Fn(&mut RedisHealth)) -> Vec<(FindingCode, Severity)> {
        let mut health = health(&ServerInfo::parse(USUAL), 0);
        change(&mut health);
        let findings = findings(&health);
        findings.into_iter().map(|finding| (finding.code, finding.severity)).collect()
    }

    #[test]
    fn a_server_in_good_health_has_nothing_to_call_out() {
        let health = health(&ServerInfo::parse(USUAL), 0);
        assert_eq!((health.version.as_str(), health.clients), ("Redis 7.0.15", 3));
        assert_eq!((health.keys, health.expiring_keys), (10, 2));
        assert_eq!(health.memory_limit_bytes, None);
        assert_eq!(findings(&health), []);
    }

    #[test]
    fn a_policy_that_evicts_streams_is_called_out() {
        use FindingCode::EvictingPolicy;
        let policy = |name: &str, limit: Option<u64>, expiring: u64| {
            codes(|health| {
                health.memory_policy = name.to_owned();
                health.memory_limit_bytes = limit;
                health.expiring_keys = expiring;
            })
        };
        let danger = [(EvictingPolicy, Severity::Danger)];
        assert_eq!(policy("allkeys-lru", Some(1 << 30), 0), danger);
        assert_eq!(policy("volatile-ttl", Some(1 << 30), 1), danger);
        assert_eq!(policy("volatile-ttl", Some(1 << 30), 0), []);
        assert_eq!(policy("allkeys-random", None, 0), [(EvictingPolicy, Severity::Warning)]);
        assert_eq!(policy("noeviction", Some(1 << 30), 9), []);
    }

    #[test]
    fn what_loses_events_is_called_out() {
        use FindingCode::{AofFailed, EvictedKeys, MasterLost, MemoryShort, SnapshotFailed};
        let danger = |code| vec![(code, Severity::Danger)];
        assert_eq!(codes(|health| health.evicted_keys = 1), danger(EvictedKeys));
        assert_eq!(codes(|health| health.memory_limit_bytes = Some(1_100)), danger(MemoryShort));
        assert_eq!(codes(|health| health.persistence.is_rdb_ok = false), danger(SnapshotFailed));
        assert_eq!(codes(|health| health.persistence.is_aof_ok = false), danger(AofFailed));
        assert_eq!(codes(|health| health.is_master_up = Some(false)), danger(MasterLost));
    }

    #[test]
    fn without_persistence_all_is_lost_and_with_snapshots_the_last_minutes() {
        let mut health = health(&ServerInfo::parse(USUAL), 0);
        health.persistence.is_aof_on = false;
        assert_eq!(findings(&health)[0].severity, Severity::Info);
        health.persistence.unsaved_s = 7_300;
        assert_eq!(findings(&health)[0].severity, Severity::Info);
        health.persistence.changes_since_save = 1;
        assert_eq!(findings(&health)[0].severity, Severity::Danger);
        assert!(findings(&health)[0].message.contains("2 hours: 1 change"));
    }

    #[test]
    fn figures_that_are_missing_or_odd_are_nothing() {
        let health = health(&ServerInfo::parse("maxmemory:x\nno line\n:\ndb0:keys=\n"), 0);
        assert_eq!((health.keys, health.memory_limit_bytes), (0, None));
        assert_eq!(percent(u64::MAX, 1), Some(u64::MAX));
    }
}
