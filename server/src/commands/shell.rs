//! `rewind completions` and `rewind man`: what a shell and `man` know of the commands, made of their own declarations.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::Failure;

/// Which shell.
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell; its completions are printed
    shell: Shell,
}

/// Where the pages go.
#[derive(Args)]
pub struct ManArgs {
    /// The folder to write a page for each command to; without it, the page of `rewind` itself is printed
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl CompletionsArgs {
    /// Prints the completions of this program.
    pub fn run(&self, mut program: Command) -> Result<(), Failure> {
        // The generator cannot fail on memory, and a closed pipe is told apart only here.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "rewind", &mut script);
        Ok(print(&script)?)
    }
}

impl ManArgs {
    /// Prints or writes the manual pages of this program.
    pub fn run(&self, program: Command) -> Result<(), Failure> {
        match &self.folder {
            Some(folder) => std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(program, folder))
                .map_err(|error| {
                    let folder = folder.display();
                    Failure::Refused(format!("the pages cannot be written to `{folder}`: {error}"))
                }),
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(program).render(&mut page)?;
                Ok(print(&page)?)
            }
        }
    }
}

fn print(text: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}
