//! Options of components and stores: what a profile says, held against the catalog's schema, with defaults filled in.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::{Map, Value};

use super::networks::ADDRESS_RANGE;
use crate::catalog::component::Options;
use crate::decode::Decode as _;
use crate::problem::{Code, Place, Problem, Problems, nearest};
use crate::profile::Profile;
use crate::texts::{AddressRange, Image, IssuerUrl, RoleArn, Version};
use crate::yaml::Node;

/// The options of `what`, checked and complete; `trusted` if the schema is a built-in one. What is wrong is reported at its place in the profile.
pub fn read(
    profile: &Profile,
    what: &str,
    node: &Node,
    options: Option<&Options>,
    trusted: bool,
    problems: &mut Problems,
) -> Value {
    let none = Options { span: 0..0, properties: Value::Object(Map::new()), required: Vec::new() };
    let options = options.unwrap_or(&none);
    let mut value = node.value(&profile.source, problems);
    // Where nothing is said and nothing is required there is nothing to check but the schema, and ours are tested.
    if trusted && options.required.is_empty() && value.as_object().is_none_or(Map::is_empty) {
        fill_defaults(&mut value, &options.properties);
        return value;
    }
    let schema = options.schema();
    match compiled(&schema) {
        Ok(validator) => {
            for error in validator.iter_errors(&value) {
                let path = error.instance_path().as_str().to_owned();
                explain(profile, what, node, &path, error.kind(), options, problems);
            }
        }
        Err(error) => problems.push(no_schema(what, &error)),
    }
    fill_defaults(&mut value, &options.properties);
    value
}

/// That options are no schema that anything could be held against, if they are not.
pub fn broken(what: &str, options: &Options) -> Option<Problem> {
    compiled(&options.schema()).err().map(|error| no_schema(what, &error))
}

fn no_schema(what: &str, error: &str) -> Problem {
    Problem::new(Code::BROKEN_COMPONENT, format!("the options of {what} are no JSON Schema: {error}"))
}

/// A text with a rule, as a format of a schema: how it is written, its code, and why a text is refused.
pub struct Format {
    name: &'static str,
    code: Code,
    /// A text that it takes.
    pub example: &'static str,
    /// What an expression can say of the rule.
    pub pattern: Option<&'static str>,
    refuses: fn(&str) -> Option<String>,
}

/// The format of that name, if it is one of ours.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The formats that a schema in component.yaml and store.yaml can ask for.
const FORMATS: &[Format] = &[
    Format {
        name: ADDRESS_RANGE,
        code: Code::BAD_ADDRESS,
        example: AddressRange::EXAMPLE,
        pattern: AddressRange::PATTERN,
        refuses: |text| AddressRange::parse(text).err(),
    },
    Format {
        name: "image",
        code: Code::BAD_IMAGE,
        example: Image::EXAMPLE,
        pattern: Image::PATTERN,
        refuses: |text| Image::parse(text).err(),
    },
    Format {
        name: "version",
        code: Code::BAD_VERSION,
        example: Version::EXAMPLE,
        pattern: Version::PATTERN,
        refuses: |text| Version::parse(text).err(),
    },
    Format {
        name: "role-arn",
        code: Code::BAD_ROLE_ARN,
        example: RoleArn::EXAMPLE,
        pattern: RoleArn::PATTERN,
        refuses: |text| RoleArn::parse(text).err(),
    },
    Format {
        name: "issuer-url",
        code: Code::BAD_URL,
        example: IssuerUrl::EXAMPLE,
        pattern: IssuerUrl::PATTERN,
        refuses: |text| IssuerUrl::parse(text).err(),
    },
];

fn compiled(schema: &Value) -> Result<jsonschema::Validator, String> {
    let mut options = jsonschema::options().with_draft(jsonschema::Draft::Draft7).should_validate_formats(true);
    for format in FORMATS {
        options = options.with_format(format.name, |text: &str| (format.refuses)(text).is_none());
    }
    options.build(schema).map_err(|error| error.to_string())
}

fn fill_defaults(value: &mut Value, properties: &Value) {
    let (Some(value), Some(properties)) = (value.as_object_mut(), properties.as_object()) else { return };
    for (name, schema) in properties {
        if let Some(default) = schema.get("default") {
            value.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
}

fn explain(
    profile: &Profile,
    what: &str,
    node: &Node,
    path: &str,
    kind: &ValidationErrorKind,
    options: &Options,
    problems: &mut Problems,
) {
    let at = node.follow(path.split('/').filter(|step| !step.is_empty()));
    let option = path.trim_start_matches('/').split('/').next().unwrap_or("");
    let about = options.properties.get(option).and_then(|schema| schema.get("description")).and_then(Value::as_str);
    let place = profile.place(&at.span);
    let (owner, key, properties) = match schema_at(options, path) {
        Some(schema) => (format!("`{option}`"), "key", schema.get("properties").unwrap_or(&Value::Null)),
        None => (what.to_owned(), "option", &options.properties),
    };
    let mut push = |says: String, place: Place, hint: Option<String>| {
        let problem = Problem::new(Code::BAD_OPTION, says).at(place).maybe_hint(hint);
        problems.push(match about {
            Some(about) => problem.because(format!("`{option}`: {about}")),
            None => problem,
        });
    };
    match kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let place = at.entry(name).map_or(place.clone(), |(key, _)| profile.place(&key.span));
                push(format!("{owner} has no {key} `{name}`"), place, Some(known_keys(name, key, properties)));
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let about = properties.get(name).and_then(|schema| schema.get("description")).and_then(Value::as_str);
            let hint =
                format!("add the line `{name}: …`{}", about.map(|about| format!(" ({about})")).unwrap_or_default());
            push(format!("{owner} needs the {key} `{name}`"), place, Some(hint));
        }
        ValidationErrorKind::Type { kind } => {
            push(format!("`{option}` takes {}, not {}", types(kind), at.described()), place, None);
        }
        ValidationErrorKind::Enum { options } => push(format!("`{option}` is none of {options}"), place, None),
        ValidationErrorKind::Pattern { pattern } => {
            push(
                format!("`{option}` has a form that it cannot have"),
                place,
                Some(format!("it must match the expression {pattern}")),
            );
        }
        ValidationErrorKind::Format { format } => {
            let (text, known) = (at.text().unwrap_or_default(), self::format(format));
            let why = known.and_then(|known| (known.refuses)(text)).unwrap_or_else(|| "has another form".to_owned());
            let problem = Problem::new(known.map_or(Code::BAD_OPTION, |known| known.code), format!("`{text}` {why}"));
            let hint = known.map(|known| format!("write it like `{}`", known.example));
            problems.push(problem.at(place).maybe_hint(hint));
        }
        ValidationErrorKind::Minimum { limit } => push(format!("`{option}` is at least {limit}"), place, None),
        ValidationErrorKind::Maximum { limit } => push(format!("`{option}` is at most {limit}"), place, None),
        other => push(format!("`{option}` breaks the rule `{}` of its schema", other.keyword()), place, None),
    }
}

fn types(kind: &TypeKind) -> String {
    let name = |name: &str| match name {
        "string" => "a text",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        "object" => "a mapping",
        _ => "nothing",
    };
    let names: Vec<String> = match kind {
        TypeKind::Single(single) => vec![single.to_string()],
        TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect(),
    };
    names.iter().map(|one| name(one)).collect::<Vec<_>>().join(" or ")
}

/// The schema of what is at a path below an option; nothing for the options themselves.
fn schema_at<'a>(options: &'a Options, path: &str) -> Option<&'a Value> {
    let mut steps = path.split('/').filter(|step| !step.is_empty());
    let option = options.properties.get(steps.next()?)?;
    steps.try_fold(option, |schema, step| {
        let property = schema.get("properties").and_then(|properties| properties.get(step));
        property.or_else(|| schema.get("items"))
    })
}

fn known_keys(wrong: &str, key: &str, properties: &Value) -> String {
    let names: Vec<&str> = properties.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    match nearest(wrong, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "it has none; take the line out".to_owned(),
        None => format!("its {key}s are: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn the_schemas_of_the_catalog_are_json_schemas() {
        let catalog = Catalog::new(std::collections::BTreeMap::new()).unwrap();
        let place = Place::file("");
        let components = catalog.component_names().into_iter();
        let components = components.filter_map(|name| catalog.component(&name, &place).unwrap().spec.options.clone());
        let providers = catalog.provider_names().into_iter();
        let providers = providers.filter_map(|name| catalog.provider(&name, &place).unwrap().spec.options.clone());
        for options in components.chain(providers) {
            assert!(compiled(&options.schema()).is_ok());
            let known = |name: &String| options.properties.get(name).is_some();
            assert!(options.required.iter().all(known), "{:?}", options.required);
            let described = |(_, schema): (&String, &Value)| schema.get("description").is_some();
            assert!(options.properties.as_object().unwrap().iter().all(described));
        }
    }
}
