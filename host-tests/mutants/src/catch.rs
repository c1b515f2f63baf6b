//! What the simulation makes of a mutant.

use crate::{Error, Mutant, Result, Tree};
use host::Module;
use simulation::{Campaign, Modules};
use std::fs;
use std::path::Path;

/// A mutant that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Which it is.
    pub mutant: Mutant,
    /// The promise that it breaks.
    pub promise: String,
    /// The first seed in whose story it does.
    pub seed: u64,
}

/// Plays stories with the module of a mutant in the place of that of all four plugins, from seed 1 on, until one breaks a
/// promise. `None`: so many were played, and none did.
///
/// # Errors
/// All of [`enum@Error`].
pub fn catch(mutant: &Mutant, tree: &Tree, dist: &Path, seeds: u64) -> Result<Option<Caught>> {
    let found = play(&tree.mutant(mutant)?, dist, seeds)?;
    Ok(found.map(|(promise, seed)| Caught {
        mutant: *mutant,
        promise,
        seed,
    }))
}

/// The same with the module as it is, built as mutants are: nothing must be found.
///
/// # Errors
/// [`Error::Original`], and all others of [`enum@Error`].
pub fn acquit(tree: &Tree, dist: &Path, seeds: u64) -> Result<()> {
    match play(&tree.original()?, dist, seeds)? {
        None => Ok(()),
        Some((promise, seed)) => Err(Error::Original { promise, seed }),
    }
}

fn play(policies: &[u8], dist: &Path, seeds: u64) -> Result<Option<(String, u64)>> {
    let modules = Modules::try_new(|name| {
        let path = dist.join(name.replace('-', "_")).with_extension("wasm");
        let bytes = match name {
            "policies" => policies.to_vec(),
            _ => fs::read(&path).map_err(|source| Error::Io {
                path: path.clone(),
                source,
            })?,
        };
        Module::try_new(&bytes).map_err(|error| Error::NoModule {
            path,
            why: error.to_string(),
        })
    })?;
    let campaign = Campaign {
        from: 1,
        seeds,
        until: None,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let found = campaign.run(&modules, |_| {}).found;
    Ok(found.map(|found| (found.broken.promise.to_string(), found.told.seed)))
}
