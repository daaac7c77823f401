//! What a fold that is still to be written begins as.

/// A fold with a handler for each of these types of events, in this order. It comes to the same states as the default fold:
/// so whatever differs later was written by someone.
pub(crate) fn template(aggregate_type: Option<&str>, event_types: &[String]) -> String {
    // Such names are kept for handlers that are not for one type.
    let named = event_types.iter().filter(|event_type| !event_type.starts_with('$'));
    let handlers: String = named.map(|name| handler(&member(name))).collect();
    // A line break in a comment would end it.
    let of = aggregate_type.map(|name| format!(" {}", name.replace(|c: char| c.is_control(), " ")));
    format!(
        r#"// How each event changes the state of an aggregate{of}.
//
// Until a handler says what its event means, it merges the event's data into the state.

export default {{
  initial: () => ({{}}),
  on: {{
{handlers}    // All other types.
{any}  }},
}};

/** Merges an event's data into the state, object by object. */
const mergeData = (state, event) => (event.decode_error ? state : merge(state, event.data));

const merge = (old, value) => {{
  if (!isObject(old) || !isObject(value)) return value;
  for (const [key, member] of Object.entries(value)) old[key] = merge(old[key], member);
  return old;
}};

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
"#,
        of = of.unwrap_or_default(),
        any = handler("$any"),
    )
}

fn handler(name: &str) -> String {
    format!("    {name}(state, event) {{\n      return mergeData(state, event);\n    }},\n")
}

/// A name as it stands before the parameters of a handler.
fn member(name: &str) -> String {
    let mut letters = name.chars();
    let is_plain = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    // Texts of JSON are texts of JavaScript.
    if is_plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_type_has_a_handler() {
        let source = template(Some("Order"), &types(&["OrderPlaced", "OrderDelivered"]));
        let placed = source.find("    OrderPlaced(state, event) {\n").unwrap();
        let delivered = source.find("    OrderDelivered(state, event) {\n").unwrap();
        let any = source.find("    $any(state, event) {\n").unwrap();
        assert!(placed < delivered && delivered < any, "{source}");
        assert!(source.contains("an aggregate Order.\n"), "{source}");
    }

    #[test]
    fn any_type_can_be_a_name() {
        let source =
            template(None, &types(&["W_Valideren aanvraag.START", "a\"b\n", "", "1", "ä"]));
        for name in
            [r#""W_Valideren aanvraag.START"("#, r#""a\"b\n"("#, r#"""("#, r#""1"("#, r#""ä"("#]
        {
            assert!(source.contains(&format!("    {name}state, event)")), "{name}: {source}");
        }
    }

    #[test]
    fn names_that_mean_something_else_are_left_to_the_handler_of_all() {
        let source = template(Some("A\nB"), &types(&["$any", "$init", "$x"]));
        assert_eq!(source.matches("(state, event) {").count(), 1, "{source}");
        assert!(source.starts_with("// How each event changes the state of an aggregate A B.\n"));
    }
}
