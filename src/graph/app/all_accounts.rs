//! All Pages of a person: those of `me/accounts` and of the person's business portfolios.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::accounts::{Account, list, list_businesses, list_client_pages, list_owned_pages};
use crate::graph::{Advice, ApiError, Error, ListPage, UserClient};
use crate::id::PageId;

/// Most business portfolios that are read.
const MAX_BUSINESSES: usize = 100;

/// All Pages of a person, from [`UserClient::all_accounts`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct AllAccounts {
    /// Pages, each once, ordered by id.
    pub accounts: Vec<Account>,
    /// Whether there are more Pages than `max_accounts`.
    pub is_truncated: bool,
    /// Refusals to list the business portfolios or their Pages, such as code 200 without the
    /// permission `business_management`.
    pub refusals: Vec<ApiError>,
}

impl AllAccounts {
    /// Returns whether no list was refused or cut off.
    pub fn is_complete(&self) -> bool {
        !self.is_truncated && self.refusals.is_empty()
    }
}

impl UserClient {
    /// Reads all Pages of the person: those of `me/accounts`, and those that the person's business
    /// portfolios own or manage for clients. Each Page is listed once.
    ///
    /// It stops after `max_accounts` Pages. When Meta refuses to list a portfolio, its Pages are
    /// missing and the refusal is in [`AllAccounts::refusals`].
    ///
    /// Permission: `pages_show_list`, and `business_management` for the portfolios.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses `me/accounts`, throttles, or cannot be reached. For code 1,
    /// "reduce the amount of data", call [`list`](super::accounts::list)
    /// with a smaller [`with_limit`](crate::graph::Call::with_limit).
    ///
    /// <https://developers.facebook.com/docs/graph-api/reference/user/accounts/>
    pub async fn all_accounts(&self, max_accounts: usize) -> Result<AllAccounts, Error> {
        let mut found = Found::new(max_accounts);
        found.add(self.walk(&list(), found.max).await?);
        if found.is_truncated {
            return Ok(found.finish());
        }
        let businesses = match self.walk(&list_businesses(), MAX_BUSINESSES).await {
            Ok(businesses) => businesses,
            Err(error) => {
                found.refused(error)?;
                return Ok(found.finish());
            }
        };
        found.is_truncated |= businesses.next.is_some();
        for business in businesses.items {
            for list in [list_owned_pages, list_client_pages] {
                if found.is_full() {
                    found.is_truncated = true;
                    return Ok(found.finish());
                }
                match self.walk(&list(&business.id)?, found.max).await {
                    Ok(pages) => found.add(pages),
                    Err(error) => found.refused(error)?,
                }
            }
        }
        Ok(found.finish())
    }
}

/// Pages found so far, by id.
struct Found {
    max: usize,
    accounts: BTreeMap<PageId, Account>,
    is_truncated: bool,
    refusals: Vec<ApiError>,
}

impl Found {
    fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            accounts: BTreeMap::new(),
            is_truncated: false,
            refusals: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.accounts.len() >= self.max
    }

    fn add(&mut self, list: ListPage<Account>) {
        self.is_truncated |= list.next.is_some();
        for account in list.items {
            let is_full = self.is_full();
            match self.accounts.entry(account.page.clone()) {
                Entry::Occupied(mut known) => known.get_mut().merge(account),
                Entry::Vacant(_) if is_full => self.is_truncated = true,
                Entry::Vacant(free) => drop(free.insert(account)),
            }
        }
    }

    /// Adds a refusal that concerns only one list. Any other error ends the search.
    fn refused(&mut self, error: Error) -> Result<(), Error> {
        let advice = error.advice();
        match error {
            Error::Api(refusal)
                if matches!(
                    advice,
                    Advice::Permission | Advice::FixRequest | Advice::Unknown
                ) =>
            {
                self.refusals.push(*refusal);
                Ok(())
            }
            error => Err(error),
        }
    }

    fn finish(self) -> AllAccounts {
        AllAccounts {
            accounts: self.accounts.into_values().collect(),
            is_truncated: self.is_truncated,
            refusals: self.refusals,
        }
    }
}
