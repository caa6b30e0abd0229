//! Repeated elements of a list.

/// Removes the elements that `is_removable` and whose key an earlier element has.
///
/// It sorts, because comparing each element with every other takes quadratic time.
pub(super) fn remove_repeats<T>(
    list: &mut Vec<T>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
    is_removable: impl Fn(&T) -> bool,
) {
    if list.len() < 2 {
        return;
    }
    let mut order: Vec<usize> = (0..list.len()).collect();
    // The sort is stable, so the first of equal elements stays the first.
    order.sort_by(|&one, &other| compare(&list[one], &list[other]));
    let mut is_repeat = vec![false; list.len()];
    for pair in order.windows(2) {
        is_repeat[pair[1]] = compare(&list[pair[0]], &list[pair[1]]).is_eq();
    }
    let mut is_repeat = is_repeat.into_iter();
    list.retain(|one| !is_repeat.next().unwrap_or(false) || !is_removable(one));
}
