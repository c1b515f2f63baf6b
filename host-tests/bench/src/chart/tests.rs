use super::chart;
use crate::sample;
use expect_test::expect_file;

#[test]
fn the_picture_has_a_bar_for_each_and_a_line_for_a_goal() {
    let picture = chart(&sample::figures());
    assert_eq!(picture.matches("class=\"own\"").count(), 2);
    assert_eq!(picture.matches("class=\"other\"").count(), 2);
    assert_eq!(picture.matches("at most 2.2").count(), 1);
    expect_file!["tests/sample.svg"].assert_eq(&picture);
}

#[test]
fn the_same_figures_give_the_same_picture() {
    assert_eq!(chart(&sample::figures()), chart(&sample::figures()));
}
