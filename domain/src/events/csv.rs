//! Events as lines of CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)), for tables. What loses nothing is [`crate::ndjson`].

use crate::filter::EventPath;
use crate::time::UtcTime;
use crate::{Event, Json, StreamKey};

/// What spreadsheets take for the beginning of a formula, or skip before one; the last four are full-width forms.
const FORMULA_BEGINS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The line of names: the usual columns and one's own.
pub fn head(columns: &[EventPath]) -> String {
    let usual = ["stream", "id", "time", "type"].map(str::to_owned);
    line(usual.into_iter().chain(columns.iter().map(ToString::to_string)))
}

/// The line of an event.
pub fn row(stream: &StreamKey, event: &Event, columns: &[EventPath]) -> String {
    let usual = [
        stream.to_string(),
        event.id.to_string(),
        UtcTime(event.timestamp_ms).to_string(),
        event.event_type.clone().unwrap_or_default(),
    ];
    line(usual.into_iter().chain(columns.iter().map(|path| cell_of(&path.values(event)))))
}

fn cell_of(values: &[Json]) -> String {
    match values {
        [] => String::new(),
        [Json::String(text)] => text.to_string(),
        [value] => value.to_string(),
        several => Json::array(several.iter().cloned()).to_string(),
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    // A spreadsheet would run what begins like a formula. Numbers are none.
    let is_formula = cell.starts_with(FORMULA_BEGINS)
        && !crate::json::is_number(cell.strip_prefix('+').unwrap_or(cell));
    let guard = if is_formula { "'" } else { "" };
    let needs_quotes = cell.contains([',', '"', '\n', '\r']) || cell.trim() != cell;
    match needs_quotes {
        true => format!("\"{guard}{}\"", cell.replace('"', "\"\"")),
        false => format!("{guard}{cell}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, EntryId, Fields, layout};
    use proptest::prelude::*;

    fn event(data: &str) -> Event {
        let fields = Fields::from_iter([("type", "Paid"), ("data", data)]);
        layout::decode(Entry { id: EntryId::new(1_706_185_200_000, 0), fields })
    }

    fn columns(paths: &[&str]) -> Vec<EventPath> {
        paths.iter().map(|path| path.parse().unwrap()).collect()
    }

    /// Reads a line back as RFC 4180 has it.
    fn cells(line: &str) -> Vec<String> {
        let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
        let mut chars = line.strip_suffix("\r\n").unwrap().chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '"' if is_quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => cells.push(std::mem::take(&mut cell)),
                char => cell.push(char),
            }
        }
        cells.push(cell);
        cells
    }

    #[test]
    fn an_event_is_a_line_with_its_columns() {
        let columns = columns(&["data.total", "data.items[].sku", "data.none"]);
        assert_eq!(head(&columns), "stream,id,time,type,data.total,data.items[].sku,data.none\r\n");
        let event = event(r#"{"total":1.10,"items":[{"sku":"A"},{"sku":"B, C"}]}"#);
        assert_eq!(
            row(&"a:b".into(), &event, &columns),
            "a:b,1706185200000-0,2024-01-25T12:20:00.000Z,Paid,1.10,\"[\"\"A\"\",\"\"B, C\"\"]\",\r\n"
        );
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_made_a_text_and_numbers_are_left_alone() {
        let columns = columns(&["data.x"]);
        for (value, cell) in [
            (r#""=1+1""#, "'=1+1"),
            (r#""@SUM(A1)""#, "'@SUM(A1)"),
            ("-5", "-5"),
            (r#""-1.50""#, "-1.50"),
            (r#""+5""#, "+5"),
            (r#""++5""#, "'++5"),
            (r#""\t=1""#, "'\t=1"),
            (r#""\r=1""#, "'\r=1"),
            (r#""\n=1+1""#, "'\n=1+1"),
            (r#""＝1""#, "'＝1"),
            (r#""＋1""#, "'＋1"),
            (r#""－1""#, "'－1"),
            (r#""＠x""#, "'＠x"),
        ] {
            let line = row(&"s".into(), &event(&format!("{{\"x\":{value}}}")), &columns);
            assert_eq!(cells(&line).last().map(String::as_str), Some(cell));
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_one_cell(text in "[a-z\",\n\r ]{0,12}") {
            let data = Json::object([("x", Json::string(text.as_str()))]).to_string();
            let line = row(&"s".into(), &event(&data), &columns(&["data.x"]));
            let found = cells(&line);
            prop_assert_eq!(found.len(), 5);
            prop_assert_eq!(found[4].trim_start_matches('\''), text);
        }
    }
}
