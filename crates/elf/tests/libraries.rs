//! Real libraries, made by the C compiler, whole and in every state of disrepair.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use elf::{Image, Problem, Search, check, check_in};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A plug-in that needs `libhelper.so.4`, beside it.
struct Scene {
    folder: TempDir,
}

const USES_HELPER: &str = "int helper_new(void); int plugin(void) { return helper_new(); }";

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.library(
            "libhelper.so.4.0",
            "int getpid(void); int helper_old(void) { return 3; } int helper_new(void) { return getpid(); }",
            &HELPER,
        );
        scene.link("libhelper.so.4.0");
        scene.library("plugin.so", USES_HELPER, &["-L.", "-l:libhelper.so.4", "-Wl,-rpath,$ORIGIN"]);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Compiles a library.
    fn library(&self, name: &str, source: &str, options: &[&str]) {
        fs::write(self.path("source.c"), source).unwrap();
        let mut cc = Command::new("cc");
        cc.current_dir(self.folder.path()).args(["-shared", "-fPIC", "-o", name, "source.c"]).args(options);
        let output = cc.output().expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Has `libhelper.so.4` stand for this file.
    fn link(&self, file: &str) {
        let link = self.path("libhelper.so.4");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(file, link).unwrap();
    }

    fn problems(&self) -> Vec<Problem> {
        check(&self.path("plugin.so")).problems
    }

    /// The only problem.
    #[track_caller]
    fn problem(&self) -> Problem {
        let problems = self.problems();
        let [problem] = problems.as_slice() else { panic!("one problem, not {problems:?}") };
        problem.clone()
    }
}

const HELPER: [&str; 1] = ["-Wl,-soname,libhelper.so.4"];

fn versioned(scene: &Scene, file: &str, node: &str, source: &str) {
    let script = format!("{node} {{ global: helper_*; local: *; }};");
    fs::write(scene.path("versions"), script).unwrap();
    scene.library(file, source, &["-Wl,-soname,libhelper.so.4", "-Wl,--version-script=versions"]);
    scene.link(file);
}

#[test]
fn what_is_whole_is_good_and_its_files_are_known() {
    let scene = Scene::new();
    let check = check(&scene.path("plugin.so"));
    assert!(check.is_good(), "{:?}", check.problems);
    let names: Vec<_> = check.files.iter().map(|found| found.name.as_str()).collect();
    assert!(names.contains(&"libhelper.so.4") && names.contains(&"libc.so.6"), "{names:?}");
    let helper = check.files.iter().find(|found| found.name == "libhelper.so.4").unwrap();
    assert_eq!(helper.real_path, fs::canonicalize(scene.path("libhelper.so.4.0")).unwrap());
    assert_eq!(helper.needed_by.as_deref(), Some(scene.path("plugin.so").as_path()));
}

#[test]
fn an_older_helper_without_the_symbol_is_found_out_though_no_version_says_so() {
    let scene = Scene::new();
    scene.library("libhelper.so.3.2", "int helper_old(void) { return 3; }", &HELPER);
    scene.link("libhelper.so.3.2");
    let problem = scene.problem();
    let Problem::MissingSymbol { symbol, expected: None, found, .. } = &problem else {
        panic!("{problem:?}")
    };
    assert_eq!((symbol.as_str(), found.len()), ("helper_new", 1), "{found:?}");
    let said = problem.to_string();
    for part in ["helper_new", "plugin.so", "libhelper.so.3.2", "libhelper.so.4"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(problem.library().unwrap().ends_with("libhelper.so.3.2"));
}

#[test]
fn with_versions_the_expected_one_and_the_found_one_are_named() {
    let scene = Scene::new();
    versioned(
        &scene,
        "four",
        "HELPER_4",
        "int helper_old(void) { return 3; } int helper_new(void) { return 4; }",
    );
    scene.library("plugin.so", USES_HELPER, &["-L.", "-l:libhelper.so.4", "-Wl,-rpath,$ORIGIN"]);
    assert_eq!(scene.problems(), []);
    versioned(&scene, "three", "HELPER_3", "int helper_old(void) { return 3; }");
    let problem = scene.problem();
    let Problem::MissingVersion { library, expected, found, symbols, .. } = &problem else {
        panic!("{problem:?}")
    };
    assert_eq!((library.as_str(), expected.as_str()), ("libhelper.so.4", "HELPER_4"));
    assert_eq!(
        (found.defines.as_slice(), symbols.as_slice()),
        (&["HELPER_3".to_owned()][..], &["helper_new".to_owned()][..])
    );
    // The right version, without the symbol.
    versioned(&scene, "odd", "HELPER_4", "int helper_old(void) { return 3; }");
    let problem = scene.problem();
    let wanted = Some(("libhelper.so.4".to_owned(), "HELPER_4".to_owned()));
    assert!(
        matches!(&problem, Problem::MissingSymbol { expected, .. } if *expected == wanted),
        "{problem:?}"
    );
    // No versions any more: the loader would give up the whole process.
    scene.library("plain", "int helper_old(void) { return 3; } int helper_new(void) { return 4; }", &HELPER);
    scene.link("plain");
    assert!(matches!(scene.problem(), Problem::MissingSymbol { .. }));
}

#[test]
fn a_weak_symbol_may_be_missing_and_a_symbol_of_the_program_is_there() {
    let scene = Scene::new();
    let source =
        "__attribute__((weak)) int perhaps(void); int plugin(void) { return perhaps ? perhaps() : 0; }";
    scene.library("plugin.so", source, &[]);
    assert_eq!(scene.problems(), []);
    scene.library("plugin.so", USES_HELPER, &[]);
    let problem = scene.problem();
    assert!(problem.to_string().ends_with("found no library that could have it"), "{problem}");
    // A program that has loaded the helper anyway.
    fs::write(scene.path("main.c"), "int helper_new(void); int main(void) { return helper_new(); }").unwrap();
    let mut cc = Command::new("cc");
    cc.current_dir(scene.folder.path()).args(["-o", "main", "main.c", "-L.", "-l:libhelper.so.4"]);
    assert!(cc.arg("-Wl,-rpath,$ORIGIN").status().unwrap().success());
    let search = Search::of_this_machine();
    let check = check_in(&search, Some(&scene.path("main")), &scene.path("plugin.so"));
    assert!(check.is_good(), "{:?}", check.problems);
}

#[test]
fn a_library_that_is_not_there_is_named_and_nobody_else_is_blamed() {
    let scene = Scene::new();
    fs::remove_file(scene.path("libhelper.so.4")).unwrap();
    let problem = scene.problem();
    let expected =
        Problem::MissingLibrary { library: "libhelper.so.4".to_owned(), needed_by: scene.path("plugin.so") };
    assert_eq!(problem, expected);
}

#[test]
fn old_run_paths_hold_for_what_is_needed_in_turn_and_new_ones_do_not() {
    let scene = Scene::new();
    fs::create_dir(scene.path("deep")).unwrap();
    scene.library("deep/libdeep.so", "int deep(void) { return 1; }", &["-Wl,-soname,libdeep.so"]);
    scene.library(
        "libhelper.so.4.1",
        "int deep(void); int helper_new(void) { return deep(); }",
        &["-Wl,-soname,libhelper.so.4", "-Ldeep", "-ldeep"],
    );
    scene.link("libhelper.so.4.1");
    for (kind, problems) in [("--disable-new-dtags", 0), ("--enable-new-dtags", 1)] {
        let kind = format!("-Wl,{kind},-rpath,$ORIGIN:$ORIGIN/deep");
        scene.library(
            "plugin.so",
            USES_HELPER,
            &["-L.", "-l:libhelper.so.4", "-Wl,--unresolved-symbols=ignore-in-shared-libs", &kind],
        );
        assert_eq!(scene.problems().len(), problems, "{kind}");
    }
    let search = Search::of_this_machine().with_library_path(vec![scene.path("deep")]);
    assert!(
        check_in(&search, None, &scene.path("plugin.so")).is_good(),
        "where it is meant, such a folder counts"
    );
}

#[test]
fn what_is_no_library_is_told_so() {
    let scene = Scene::new();
    let file = scene.path("plugin.so");
    for (bytes, why) in
        [(&b""[..], "empty"), (b"INPUT(libx.so)\n", "begin"), (b"\x7fELF\x02\x01\x01", "begin")]
    {
        fs::write(&file, bytes).unwrap();
        assert!(
            matches!(scene.problem(), Problem::NotElf { reason, .. } if reason.contains(why)),
            "{bytes:?}"
        );
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(scene.problem(), Problem::Unreadable { .. }));
    fs::create_dir(&file).unwrap();
    assert!(matches!(scene.problem(), Problem::NotElf { .. }));
    assert!(scene.problem().to_string().contains("not a regular file"));
}

#[test]
fn a_helper_for_another_machine_is_passed_over_and_told_if_there_is_no_other() {
    let scene = Scene::new();
    let helper = scene.path("libhelper.so.4.0");
    let mut bytes = fs::read(&helper).unwrap();
    bytes[18] = if bytes[18] == 183 { 62 } else { 183 };
    fs::write(&helper, bytes).unwrap();
    let problem = scene.problem();
    assert!(matches!(problem, Problem::WrongMachine { .. }), "{problem:?}");
    assert!(problem.to_string().contains("AArch64") && problem.to_string().contains("x86-64"), "{problem}");
}

#[test]
fn a_cut_off_library_is_told_so_wherever_it_is_cut() {
    let scene = Scene::new();
    let whole = fs::read(scene.path("plugin.so")).unwrap();
    // What the section headers say, at the end of the file, nobody needs.
    let told = (0..whole.len()).step_by(97).filter(|cut| Image::parse(&whole[..*cut]).is_err()).count();
    assert!(told * 97 > whole.len() / 2, "{told}");
    assert!(Image::parse(&whole).is_ok());
}

/// A generator that needs no crate: the same bytes each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn a_damaged_library_harms_nobody_who_reads_it() {
    let scene = Scene::new();
    versioned(
        &scene,
        "four",
        "HELPER_4",
        "int helper_old(void) { return 3; } int helper_new(void) { return 4; }",
    );
    scene.library("plugin.so", USES_HELPER, &["-L.", "-l:libhelper.so.4", "-Wl,-rpath,$ORIGIN"]);
    let mut dice = Dice(1);
    for name in ["plugin.so", "four"] {
        let whole = fs::read(scene.path(name)).unwrap();
        // All that is read lies in the first pages, and in the last ones, where the dynamic table is.
        for round in 0..20_000 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.below(4) {
                let near = if round % 2 == 0 { 0x800 } else { bytes.len() };
                let at = dice.below(near.min(bytes.len()));
                bytes[at] = if dice.below(3) == 0 { 0xff } else { u8::try_from(dice.below(256)).unwrap() };
            }
            let _ = Image::parse(&bytes);
        }
    }
}

#[test]
fn what_this_machine_runs_can_be_loaded() {
    for library in ["libc.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libcrypto.so.3", "libsystemd.so.0"] {
        let path = Path::new("/usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH)).join(library);
        if path.exists() {
            let check = check(&path);
            assert!(check.is_good(), "{library}: {:?}", check.problems);
        }
    }
}
