//! The environment's door.

/// A variable that is set, but not in Unicode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not valid Unicode")]
pub struct NotUnicode {
    pub name: String,
}

/// The value of an environment variable; `None` where it is not set (or where no variable can have such a name).
///
/// # Errors
/// When the value is not Unicode; the value itself, which may be a secret, is not part of the error.
pub fn var(name: &str) -> Result<Option<String>, NotUnicode> {
    #[expect(clippy::disallowed_methods, reason = "this is the environment's door")]
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(NotUnicode { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_variable_is_read_and_an_unset_one_is_none() {
        // Cargo sets this one for every test process.
        assert_eq!(var("CARGO_PKG_NAME").unwrap().as_deref(), Some("rejoinder"));
        assert_eq!(var("REJOINDER_SURELY_NOT_SET").unwrap(), None);
        assert_eq!(var("").unwrap(), None);
        assert_eq!(var("no=name").unwrap(), None);
    }
}
