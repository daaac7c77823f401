//! Schemas: what the bytes of a value mean, since nothing in them says so.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rewind_domain::Json;

use crate::error::RuleFault;
use crate::files::Files;

/// A schema, its types in one list, so that a type can be in itself.
#[derive(Debug)]
pub(crate) struct Schema {
    types: Vec<Type>,
    root: TypeId,
}

/// The place of a type in the list of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeId(usize);

#[derive(Clone, Debug)]
pub(crate) enum Type {
    Null,
    Boolean,
    /// `int` as well: both are written alike.
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Record(Vec<(Arc<str>, TypeId)>),
    Enum(Vec<Arc<str>>),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Fixed(usize),
    /// A whole number and how many of its digits stand behind the point.
    Decimal {
        /// How many bytes it has; `None` if that stands before each.
        size: Option<usize>,
        scale: i64,
    },
}

impl Schema {
    /// Reads a schema.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let json = Json::parse(text).map_err(|error| format!("is not JSON: {error}"))?;
        let mut parser = Parser { types: Vec::new(), names: HashMap::new() };
        let root = parser.schema(&json, None)?;
        Ok(Self { types: parser.types, root })
    }

    pub(crate) fn root(&self) -> TypeId {
        self.root
    }

    pub(crate) fn get(&self, id: TypeId) -> &Type {
        // All ids are places in the list.
        self.types.get(id.0).unwrap_or(&Type::Null)
    }
}

/// Reads the schema in a file.
pub(crate) fn load(files: &mut Files, name: &Path) -> Result<Schema, RuleFault> {
    let text = files.read_text(name)?;
    Schema::parse(&text).map_err(|message| RuleFault::BadFile { path: files.path(name), message })
}

struct Parser {
    types: Vec<Type>,
    /// Types by their full names.
    names: HashMap<String, TypeId>,
}

impl Parser {
    fn schema(&mut self, json: &Json, namespace: Option<&str>) -> Result<TypeId, String> {
        match json {
            Json::String(name) => self.named(name, namespace),
            Json::Array(branches) => {
                let branches: Result<_, _> =
                    branches.iter().map(|branch| self.schema(branch, namespace)).collect();
                Ok(self.add(Type::Union(branches?)))
            }
            Json::Object(_) => self.complex(json, namespace),
            other => Err(format!("is no Avro schema: {} is no type", other.preview(40))),
        }
    }

    fn named(&mut self, name: &str, namespace: Option<&str>) -> Result<TypeId, String> {
        if let Some(primitive) = primitive(name) {
            return Ok(self.add(primitive));
        }
        self.names
            .get(&full_name(name, namespace))
            .or_else(|| self.names.get(name))
            .copied()
            .ok_or_else(|| format!("is no Avro schema: there is no type `{name}`"))
    }

    fn complex(&mut self, json: &Json, namespace: Option<&str>) -> Result<TypeId, String> {
        let kind = match json.get("type") {
            Some(Json::String(kind)) => kind,
            Some(nested) => return self.schema(nested, namespace),
            None => return Err("is no Avro schema: an object has no `type`".to_owned()),
        };
        match &**kind {
            "record" | "error" => self.record(json, namespace),
            "enum" => {
                let symbols = list(json, "symbols")?;
                let symbols: Option<_> =
                    symbols.iter().map(|symbol| symbol.as_str().map(Arc::from)).collect();
                let symbols = symbols.ok_or_else(|| wrong(json, "symbols"))?;
                self.name(json, namespace, Type::Enum(symbols)).map(|(id, _)| id)
            }
            "fixed" => {
                let size = whole_number(json, "size")?;
                let fixed = match decimal(json, Some(size))? {
                    Some(decimal) => decimal,
                    None => Type::Fixed(size),
                };
                self.name(json, namespace, fixed).map(|(id, _)| id)
            }
            "array" => {
                let items = self.schema(member(json, "items")?, namespace)?;
                Ok(self.add(Type::Array(items)))
            }
            "map" => {
                let values = self.schema(member(json, "values")?, namespace)?;
                Ok(self.add(Type::Map(values)))
            }
            "bytes" => {
                let bytes = decimal(json, None)?.unwrap_or(Type::Bytes);
                Ok(self.add(bytes))
            }
            other => self.named(other, namespace),
        }
    }

    fn record(&mut self, json: &Json, namespace: Option<&str>) -> Result<TypeId, String> {
        // Its name is known before its fields are, which may be of the same type.
        let (id, namespace) = self.name(json, namespace, Type::Null)?;
        let mut fields = Vec::new();
        for field in list(json, "fields")? {
            let name = member(field, "name")?.as_str().ok_or_else(|| wrong(field, "name"))?;
            let of = self.schema(member(field, "type")?, namespace.as_deref())?;
            fields.push((Arc::from(name), of));
        }
        if let Some(place) = self.types.get_mut(id.0) {
            *place = Type::Record(fields);
        }
        Ok(id)
    }

    /// Adds a type under the name that it gives itself. Gives the namespace of what is inside as well.
    fn name(
        &mut self,
        json: &Json,
        namespace: Option<&str>,
        named: Type,
    ) -> Result<(TypeId, Option<String>), String> {
        let name = member(json, "name")?.as_str().ok_or_else(|| wrong(json, "name"))?;
        let own = json.get("namespace").and_then(Json::as_str).or(namespace);
        let full = full_name(name, own);
        let id = self.add(named);
        if self.names.insert(full.clone(), id).is_some() {
            return Err(format!("is no Avro schema: there are two types `{full}`"));
        }
        Ok((id, full.rsplit_once('.').map(|(namespace, _)| namespace.to_owned())))
    }

    fn add(&mut self, added: Type) -> TypeId {
        self.types.push(added);
        TypeId(self.types.len() - 1)
    }
}

fn primitive(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" | "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        "string" => Type::Text,
        _ => return None,
    })
}

fn full_name(name: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) if !namespace.is_empty() && !name.contains('.') => {
            format!("{namespace}.{name}")
        }
        _ => name.to_owned(),
    }
}

fn decimal(json: &Json, size: Option<usize>) -> Result<Option<Type>, String> {
    if json.get("logicalType").and_then(Json::as_str) != Some("decimal") {
        return Ok(None);
    }
    let scale = match json.get("scale") {
        None => 0,
        Some(_) => whole_number(json, "scale")?,
    };
    let scale = i64::try_from(scale).map_err(|_| wrong(json, "scale"))?;
    Ok(Some(Type::Decimal { size, scale }))
}

fn member<'j>(json: &'j Json, name: &str) -> Result<&'j Json, String> {
    json.get(name).ok_or_else(|| format!("is no Avro schema: {} has no `{name}`", json.preview(60)))
}

fn list<'j>(json: &'j Json, name: &str) -> Result<&'j [Json], String> {
    match member(json, name)? {
        Json::Array(items) => Ok(items),
        _ => Err(wrong(json, name)),
    }
}

fn whole_number(json: &Json, name: &str) -> Result<usize, String> {
    match member(json, name)? {
        Json::Number(number) => number.as_str().parse().map_err(|_| wrong(json, name)),
        _ => Err(wrong(json, name)),
    }
}

fn wrong(json: &Json, name: &str) -> String {
    format!("is no Avro schema: `{name}` of {} is something else", json.preview(60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_found_in_their_namespace() {
        let schema = r#"{"type":"record","name":"shop.Order","fields":[
            {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW"]}},
            {"name":"before","type":["null","State"]},
            {"name":"parent","type":["null","shop.Order"]},
            {"name":"child","type":["null","Order"]}]}"#;
        assert!(Schema::parse(schema).is_ok(), "{:?}", Schema::parse(schema));
    }

    #[test]
    fn what_is_no_schema_is_told_by_what_is_wrong() {
        for (text, error) in [
            ("{", "is not JSON: expected a key in double quotes at line 1 column 2"),
            ("1", "is no Avro schema: 1 is no type"),
            ("\"text\"", "is no Avro schema: there is no type `text`"),
            (r#"{"type":"array"}"#, r#"is no Avro schema: {"type":"array"} has no `items`"#),
            (
                r#"{"type":"fixed","name":"f","size":"x"}"#,
                r#"is no Avro schema: `size` of {"type":"fixed","name":"f","size":"x"} is something else"#,
            ),
            (
                r#"[{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":2}]"#,
                "is no Avro schema: there are two types `f`",
            ),
        ] {
            assert_eq!(Schema::parse(text).unwrap_err(), error, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_schema_or_an_error(text in r#"(\{|\}|\[|\]|,|:|"type"|"name"|"items"|"fields"|"record"|"array"|"null"|"a"|1){0,30}"#) {
            let _ = Schema::parse(&text);
        }
    }
}
