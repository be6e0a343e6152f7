//! One declaration per setting, from which its field, default, flag, environment variable, help, check and start-log
//! entry follow. Knows no setting.

use std::fmt;
use std::ops::RangeInclusive;

use clap::builder::PossibleValue;

use super::Settings;
use super::spelling::Spelling;

/// What is known of one setting.
#[derive(Debug)]
pub struct Setting {
    pub(super) section: &'static str,
    pub(super) field: &'static str,
    pub(super) help: &'static str,
    /// The flag it had before it had a section.
    pub(super) was: Option<&'static str>,
    /// A shorter flag.
    pub(super) also: Option<&'static str>,
    pub(super) written: &'static str,
    pub(super) is_list: bool,
    /// What is written for no value at all, where there may be none.
    pub(super) nothing: Option<&'static str>,
    pub(super) choices: fn() -> Vec<PossibleValue>,
    /// How the default comes about, where other settings or the machine decide it.
    pub(super) computed: Option<&'static str>,
    pub(super) show: fn(&Settings) -> String,
    /// Whether the value stands in the settings; else it is computed.
    pub(super) is_set: fn(&Settings) -> bool,
    pub(super) read: fn(&mut Settings, &str) -> Result<(), String>,
    /// Whether the value lies in the range of its own.
    pub(super) in_range: fn(&Settings) -> Result<(), String>,
    /// Whether the value can work beside others.
    pub(super) check: fn(&Settings) -> Result<(), String>,
}

/// A setting that cannot work: its name as it was written, what is wrong with it, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError(String);

impl Setting {
    /// The name in its section: `sessions-max`.
    pub fn key(&self) -> String {
        self.field.replace('_', "-")
    }

    /// The name: `limits.sessions-max`.
    pub fn name(&self) -> String {
        match self.section {
            "" => self.key(),
            section => format!("{section}.{}", self.key()),
        }
    }

    /// The name in the environment: `DONDO_LIMITS_SESSIONS_MAX`.
    pub fn variable(&self) -> String {
        variable(&self.name())
    }

    /// How the default is written, or how it comes about.
    pub fn default(&self) -> String {
        self.computed
            .map_or_else(|| (self.show)(&Settings::default()), str::to_owned)
    }
}

/// The environment's twin of a name.
pub(super) fn variable(name: &str) -> String {
    format!("DONDO_{}", name.replace(['.', '-'], "_").to_uppercase())
}

impl SettingError {
    pub(super) fn new(written: &str, said: impl fmt::Display) -> Self {
        Self(format!("{written}: {said}"))
    }

    /// What is wrong, where more than one thing stands before it.
    pub(super) fn whole(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingError {}

/// Refuses what lies outside of a range.
pub(super) fn within<S: Spelling<T>, T: PartialOrd>(
    value: &T,
    range: &RangeInclusive<T>,
) -> Result<(), String> {
    let (least, most) = (range.start(), range.end());
    if range.contains(value) {
        return Ok(());
    }
    let wrong = if value < least { "little" } else { "much" };
    Err(format!(
        "{} is too {wrong}; write {} to {}",
        S::show(value),
        S::show(least),
        S::show(most)
    ))
}

/// Declares the settings of a section: a struct, its default, and its part of the table. `at` says where in
/// [`Settings`] the struct stands; `with` the structs it holds.
///
/// A line is `field: Type as Spelling = default`, then, each if there is one: `in` its range or `check` a function that
/// judges it; `else` the method that computes it where it is `None`, and words for that; `of` words for a default that each
/// machine has for itself; `was` its old flag; `also` a shorter one.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $section:literal at $at:tt {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty as $spelling:ty = $default:expr
                $(, in $range:expr)?
                $(, check $check:path)?
                $(, else $computed:ident $how:literal)?
                $(, of $machine:literal)?
                $(, was $was:literal)?
                $(, also $also:literal)?;
            )+
        }
        $(with { $($(#[$part_meta:meta])* $part:ident: $part_type:ty,)+ })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = ""]
                #[doc = concat!("Default: `", stringify!($default), "`" $(, ", that is ", $how)?, ".")]
                pub $field: $type,
            )+
            $($($(#[$part_meta])* pub $part: $part_type,)+)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $default,)+
                    $($($part: <$part_type>::default(),)+)?
                }
            }
        }

        impl $name {
            pub(super) const TABLE: &[$crate::config::table::Setting] = &[$(
                $crate::config::table::Setting {
                    section: $section,
                    field: stringify!($field),
                    help: concat!($($doc, "\n"),+),
                    was: settings!(@first $(Some($was),)? None,),
                    also: settings!(@first $(Some($also),)? None,),
                    written: <$spelling as Spelling<$type>>::WRITTEN,
                    is_list: <$spelling as Spelling<$type>>::IS_LIST,
                    nothing: <$spelling as Spelling<$type>>::WITHOUT,
                    choices: <$spelling as Spelling<$type>>::choices,
                    computed: settings!(@first $(Some($how),)? $(Some($machine),)? None,),
                    show: |settings| {
                        let value = &settings!(@at settings $at $field);
                        $(let value = &value.or_else(|| Some(settings.$computed()));)?
                        <$spelling as Spelling<$type>>::show(value)
                    },
                    is_set: |settings| <$spelling as Spelling<$type>>::is_set(&settings!(@at settings $at $field)),
                    read: |settings, text| {
                        settings!(@at settings $at $field) = <$spelling as Spelling<$type>>::read(text)?;
                        Ok(())
                    },
                    in_range: settings!(
                        @first
                        $(|settings| within::<$spelling, _>(&settings!(@at settings $at $field), &$range),)?
                        |_| Ok(()),
                    ),
                    check: settings!(@first $($check,)? |_| Ok(()),),
                },
            )+];
        }
    };
    (@at $settings:ident [$($at:ident)*] $field:ident) => { $settings.$($at.)*$field };
    (@first $first:expr, $($rest:expr,)*) => { $first };
}
pub(super) use settings;
