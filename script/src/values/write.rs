//! From JSON to values of the engine.

use rewind_domain::Json;
use rquickjs::{Array, Ctx, Object, String as JsString, Value};

use super::notes::{Kind, Notes};
use super::tables::{array_table, object_table};
use crate::digits::{Numeral, Spellings, classify, to_f64};
use crate::engine::{Tools, big_int, float};

/// Makes values of the engine from JSON.
pub(crate) struct Writer<'a, 'js> {
    ctx: &'a Ctx<'js>,
    spellings: &'a Spellings,
    numbers: std::slice::Iter<'a, (usize, Kind)>,
    tables: std::slice::Iter<'a, (usize, Option<String>)>,
    next_number: Option<(usize, Kind)>,
    next_table: Option<&'a (usize, Option<String>)>,
    number_at: usize,
    container_at: usize,
    freeze: bool,
    keeps_digits: bool,
    /// Whether any table was made.
    pub(crate) has_tables: bool,
}

impl<'a, 'js> Writer<'a, 'js> {
    pub(crate) fn new(ctx: &'a Ctx<'js>, spellings: &'a Spellings, notes: &'a Notes) -> Self {
        let (mut numbers, mut tables) = (notes.numbers.iter(), notes.tables.iter());
        let (next_number, next_table) = (numbers.next().copied(), tables.next());
        Self {
            ctx,
            spellings,
            numbers,
            tables,
            next_number,
            next_table,
            number_at: 0,
            container_at: 0,
            freeze: false,
            keeps_digits: true,
            has_tables: false,
        }
    }

    /// Makes values that are not read again, so that their digits need not be kept.
    pub(crate) fn without_digits(mut self) -> Self {
        self.keeps_digits = false;
        self
    }

    /// The value of the engine for this one.
    pub(crate) fn value(&mut self, json: &Json) -> rquickjs::Result<Value<'js>> {
        let ctx = || self.ctx.clone();
        Ok(match json {
            Json::Null => Value::new_null(ctx()),
            Json::Bool(value) => Value::new_bool(ctx(), *value),
            Json::String(text) => JsString::from_str(ctx(), text)?.into_value(),
            Json::Number(number) => self.number(number.as_str())?,
            Json::Array(items) => {
                let noted = self.container();
                let array = Array::new(ctx())?;
                for (index, item) in items.iter().enumerate() {
                    array.set(index, self.value(item)?)?;
                }
                let table =
                    noted.unwrap_or_else(|| self.made(|spellings| array_table(items, spellings)));
                self.finish(array.into_object(), table)?
            }
            Json::Object(members) => {
                let noted = self.container();
                let object = Object::new(ctx())?;
                for (key, member) in members.iter() {
                    object.set(&**key, self.value(member)?)?;
                }
                let table = noted
                    .unwrap_or_else(|| self.made(|spellings| object_table(members, spellings)));
                self.finish(object, table)?
            }
        })
    }

    /// Enters an array or object; gives the table that is noted for it, if any is noted.
    fn container(&mut self) -> Option<Option<String>> {
        let at = self.container_at;
        self.container_at += 1;
        let (_, table) = self.next_table.filter(|(noted_at, _)| *noted_at == at)?;
        self.next_table = self.tables.next();
        Some(table.clone())
    }

    fn made(&self, table: impl FnOnce(&Spellings) -> Option<String>) -> Option<String> {
        if self.keeps_digits { table(self.spellings) } else { None }
    }

    fn finish(
        &mut self,
        object: Object<'js>,
        table: Option<String>,
    ) -> rquickjs::Result<Value<'js>> {
        if let Some(table) = table {
            object.set(Tools::of(self.ctx)?.digits.as_atom(), table)?;
            self.has_tables = true;
        }
        let value = object.into_value();
        if self.freeze { Tools::of(self.ctx)?.freeze.call((value,)) } else { Ok(value) }
    }

    fn number(&mut self, text: &str) -> rquickjs::Result<Value<'js>> {
        let at = self.number_at;
        self.number_at += 1;
        if let Some((noted_at, kind)) = self.next_number
            && noted_at == at
        {
            self.next_number = self.numbers.next().copied();
            return match kind {
                Kind::Float => float(self.ctx, to_f64(text)),
                Kind::MinusZero => float(self.ctx, -0.0),
                Kind::Big => big_int(self.ctx, text),
            };
        }
        match classify(text) {
            Numeral::Plain(value) => Ok(Value::new_int(self.ctx.clone(), value)),
            Numeral::Float { value, .. } => float(self.ctx, value),
            Numeral::Big => big_int(self.ctx, text),
        }
    }
}

/// A value that nobody can change, and that is not read again.
pub(crate) fn frozen<'js>(ctx: &Ctx<'js>, json: &Json) -> rquickjs::Result<Value<'js>> {
    let (spellings, notes) = (Spellings::default(), Notes::default());
    let mut writer = Writer::new(ctx, &spellings, &notes).without_digits();
    writer.freeze = true;
    writer.value(json)
}
