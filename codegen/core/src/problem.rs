//! What a user has to change: collected, so that all of it is reported at once.

use std::fmt;

/// The part of the user's input that a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The model's path, and everything read from there.
    Model,
    /// The item under the attribute.
    Item,
    /// An option, by its name.
    Option(&'static str),
}

/// One sentence that says what was read, what was expected and what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where a user would change it.
    pub subject: Subject,
    /// The sentence.
    pub message: String,
}

/// Problems in the order they were met; never empty inside an `Err`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// None so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One problem with the model.
    #[must_use]
    pub fn model(message: impl Into<String>) -> Self {
        let mut problems = Self::new();
        problems.add(Subject::Model, message);
        problems
    }

    /// Adds a problem.
    pub fn add(&mut self, subject: Subject, message: impl Into<String>) {
        self.0.push(Problem { subject, message: message.into() });
    }

    /// Adds all of `others`.
    pub fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Keeps a value, or its problems.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|problems| self.append(problems)).ok()
    }

    /// `value` when there are no problems.
    ///
    /// # Errors
    /// All problems, when there are any.
    pub fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{}", if index > 0 { "\n" } else { "" }, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
