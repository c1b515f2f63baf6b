//! JSON, written member by member: log lines, filter state, error bodies.

/// Bytes that one text may have; what is longer is cut, so that nothing a client sends makes an object large. The longest
/// id that a configuration can allow fits.
const MAX_TEXT: usize = 1024;

/// An object that is being written.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Vec<u8>,
}

impl Object {
    /// Adds a text, cut to 1024 bytes.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        let cut = value.floor_char_boundary(MAX_TEXT);
        self.quote(value.get(..cut).unwrap_or_default());
        self
    }

    /// Adds bytes that may be no text, such as a header's value: what is not UTF-8 becomes U+FFFD.
    pub fn bytes(&mut self, name: &str, value: &[u8]) -> &mut Self {
        let cut = value.get(..MAX_TEXT).unwrap_or(value);
        self.text(name, &String::from_utf8_lossy(cut))
    }

    /// Adds `true` or `false`.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds a value that is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name);
        self.members.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds another object as one member.
    pub fn object(&mut self, name: &str, object: &Object) -> &mut Self {
        self.name(name);
        self.members.extend(object.finish());
        self
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Adds a number.
    pub fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.name(name);
        self.members.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// Adds a list of objects.
    pub fn list(&mut self, name: &str, objects: impl IntoIterator<Item = Object>) -> &mut Self {
        self.name(name);
        self.members.push(b'[');
        for (index, object) in objects.into_iter().enumerate() {
            if index > 0 {
                self.members.push(b',');
            }
            self.members.extend(object.finish());
        }
        self.members.push(b']');
        self
    }

    /// Adds `null`.
    pub fn null(&mut self, name: &str) -> &mut Self {
        self.raw(name, "null")
    }

    /// Adds a list of texts, each cut to 1024 bytes.
    pub fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) -> &mut Self {
        self.name(name);
        self.members.push(b'[');
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                self.members.push(b',');
            }
            let cut = text.floor_char_boundary(MAX_TEXT);
            self.quote(text.get(..cut).unwrap_or_default());
        }
        self.members.push(b']');
        self
    }

    /// Adds the members of another object.
    pub fn members(&mut self, object: &Object) -> &mut Self {
        if !self.members.is_empty() && !object.members.is_empty() {
            self.members.push(b',');
        }
        self.members.extend(&object.members);
        self
    }

    /// The object as JSON.
    pub fn finish(&self) -> Vec<u8> {
        [b"{", self.members.as_slice(), b"}"].concat()
    }

    /// The object at the end of a list that was written before, by another plugin perhaps. What is no list is replaced.
    pub fn appended_to(&self, json: &[u8]) -> Vec<u8> {
        let others = json.strip_suffix(b"]").filter(|json| json.starts_with(b"[{"));
        match others {
            Some(others) => [others, b",", &self.finish(), b"]"].concat(),
            None => [b"[".as_slice(), &self.finish(), b"]"].concat(),
        }
    }

    fn name(&mut self, name: &str) {
        if !self.members.is_empty() {
            self.members.push(b',');
        }
        self.quote(name);
        self.members.push(b':');
    }

    fn quote(&mut self, text: &str) {
        match serde_json::to_string(text) {
            Ok(quoted) => self.members.extend_from_slice(quoted.as_bytes()),
            Err(_) => self.members.extend(b"\"\""),
        }
    }
}
