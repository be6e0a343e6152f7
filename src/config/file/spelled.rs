//! Values of TOML in the spelling of flags. Knows no setting.

use toml::de::{DeArray, DeValue};

use crate::config::{Setting, Settings};

/// A value as its flag has it, `raw` as it stands in the file. Texts are it already; counts may be numbers, switches
/// true or false, and lists may be lists.
pub(super) fn spelled(setting: &Setting, value: &DeValue<'_>, raw: &str) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if setting.written == "COUNT" && number.radix() == 10 => {
            Ok(number.as_str().to_owned())
        }
        DeValue::Boolean(on) if setting.written == "on|off" => {
            Ok(if *on { "on" } else { "off" }.to_owned())
        }
        DeValue::Array(items) if setting.is_list => list(setting, items),
        DeValue::Array(_) => Err("a list; write one value, without brackets".to_owned()),
        DeValue::Table(_) => Err(format!(
            "{name} is a setting and no section; write {name} = and a value",
            name = setting.name()
        )),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            match (setting.read)(&mut Settings::default(), raw) {
                Ok(()) => Err(format!("not in quotes; write \"{raw}\"")),
                Err(said) if setting.written == "COUNT" => Err(said),
                Err(said) => Err(format!("{said}, in quotes")),
            }
        }
    }
}

fn list(setting: &Setting, items: &DeArray<'_>) -> Result<String, String> {
    let texts: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
    match (texts, setting.nothing) {
        (None, _) => {
            Err("not a list of texts; write each in quotes, with commas between".to_owned())
        }
        (Some(texts), Some(nothing)) if texts.is_empty() => Ok(nothing.to_owned()),
        (Some(texts), None) if texts.is_empty() => {
            Err("an empty list; write at least one value, or leave it out".to_owned())
        }
        (Some(texts), _) => Ok(texts.join(",")),
    }
}
