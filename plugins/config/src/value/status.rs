//! Statuses of HTTP responses (RFC 9110, section 15): one, a class of them, or a range.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::fault::joined;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// Statuses between `MIN` and `MAX`: one (`503` or `"503"`), a class (`"5xx"`), or a range, both ends included
/// (`"500-504"`).
///
/// The bounds are those of whole classes. What lies outside of them, be it in part, is refused: where it can never be
/// met, it is a mistake.
///
/// ```
/// use config::value::StatusMatcher;
///
/// let server_errors: StatusMatcher = StatusMatcher::of::<500, 599>();
/// assert!(server_errors.matches(503) && !server_errors.matches(499));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusMatcher<const MIN: u16 = 100, const MAX: u16 = 599> {
    first: u16,
    last: u16,
}

impl<const MIN: u16, const MAX: u16> StatusMatcher<MIN, MAX> {
    /// Statuses that are known when compiling; what is out of bounds does not compile.
    pub const fn of<const FIRST: u16, const LAST: u16>() -> Self {
        const { assert!(MIN <= FIRST && FIRST <= LAST && LAST <= MAX) };
        Self {
            first: FIRST,
            last: LAST,
        }
    }

    /// The first of them and the last.
    pub fn bounds(self) -> (u16, u16) {
        (self.first, self.last)
    }

    /// Whether the status is one of these.
    pub fn matches(self, status: u16) -> bool {
        (self.first..=self.last).contains(&status)
    }

    /// Whether all that the other matches is matched by this one, too.
    pub(crate) fn includes(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

impl<const MIN: u16, const MAX: u16> Setting for StatusMatcher<MIN, MAX> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let (first, last) = range(node, (MIN, MAX), at, reading)?;
        Some(Self { first, last })
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        const { assert!(MIN.is_multiple_of(100) && MAX % 100 == 99) };
        let class = format!("[{}-{}]", MIN / 100, MAX / 100);
        let one = Shape::Integer {
            min: MIN.into(),
            max: MAX.into(),
        };
        let more = Shape::Text {
            what: "class such as `\"5xx\"` or range such as `\"500-504\"`".to_owned(),
            pattern: format!("^{class}(?:xx|[0-9]{{2}}(?:-{class}[0-9]{{2}})?)$"),
            not: None,
        };
        Shape::Choice(vec![one, more])
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        match (self.first, self.last) {
            (first, last) if first == last => Node::Number(first.into()),
            (first, last) if first % 100 == 0 && last == first + 99 => {
                Node::Text(format!("{}xx", first / 100))
            }
            (first, last) => Node::Text(format!("{first}-{last}")),
        }
    }
}

// Apart from the reader, so that it is compiled once and not for each pair of bounds.
fn range(node: &Node, bounds: (u16, u16), at: &Place<'_>, reading: &mut Reading) -> Option<(u16, u16)> {
    let range = match node {
        // Every status is exact as a double, and no fraction is a status.
        Node::Number(number) => (100..=599)
            .find(|status| f64::from(*status) == *number)
            .map(|status| (status, status)),
        Node::Text(text) => parse(text.as_bytes()),
        _ => None,
    };
    let within = |status: &u16| (bounds.0..=bounds.1).contains(status);
    match range {
        Some((first, last)) if within(&first) && within(&last) => {
            if first <= last {
                return range;
            }
            let wanted = "a range from the lower to the higher status, such as \"500-504\"";
            reading.refuse_type(at, wanted, node)
        }
        _ => {
            let (min, max) = (bounds.0.to_string(), bounds.1.to_string());
            let examples = ", such as 503, \"5xx\" or \"500-504\"";
            let wanted = joined(&["statuses from ", &min, " to ", &max, examples]);
            reading.refuse_type(at, &wanted, node)
        }
    }
}

/// The first and the last of the statuses that a text names, whatever their order and bounds.
fn parse(text: &[u8]) -> Option<(u16, u16)> {
    match *text {
        [class, b'x', b'x'] => Some((number([class, b'0', b'0'])?, number([class, b'9', b'9'])?)),
        [a, b, c] => number([a, b, c]).map(|status| (status, status)),
        [a, b, c, b'-', d, e, f] => Some((number([a, b, c])?, number([d, e, f])?)),
        _ => None,
    }
}

fn number(digits: [u8; 3]) -> Option<u16> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })
}
