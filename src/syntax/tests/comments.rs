//! Comments: kept wherever one may stand, at their place where the canonical form has one.

use super::*;

const EVERYWHERE: &str = r#"# 1
bot "B" {  # 2
    # 3
    languages en  # 4
    defaults {  # 5
        # 6
        tries 3 stop  # 7
        # 8
    }  # 9
    fetch from "https://shop.example"  # 10
    # 11
}  # 12

# 13
contact {  # 14
    # 15
    size: one of ("S", "M")  # 16
    # 17
}

hours h {  # 18
    mon 09:00..17:00  # 19
}

team t {  # 20
    # 21
    hours h  # 22
}

texts hello {  # 23
    # 24
    en "Hello"  # 25
}

flow f(a: text(20)) -> date {  # 26
    # 27
    on message "x"  # 28
    # 29
    on comment  # 30

    # 31
    fetch x = POST "https://shop.example" {  # 32
        # 33
        header "A" = "b"  # 34
        # 35
        json { a: a }  # 36
        # 37
        timeout 3s  # 38
        retry 2  # 39
        # 40
        gives {  # 41
            # 42
            state: text(20)  # 43
            # 44
            lines: list(2) of {  # 45
                # 46
                name: text(20)  # 47
                # 48
            }  # 49
            # 50
        }  # 51
        # 52
        on 404 {  # 53
            # 54
            stop  # 55
        }  # 56
        # 57
        else {  # 58
            # 59
            stop
        }
        # 60
    }  # 61
    repeat 3 times {  # 62
        # 63
        leave  # 64
        # 65
    }  # 66
    for i in x up to 3 {  # 67
        # 68
        leave
    }
    split "s" {  # 69
        # 70
        "a" 50 stop  # 71
        # 72
        "b" 50 {  # 73
            # 74
            stop
        }  # 75
    }  # 76
    choose {  # 77
        # 78
        en "q"  # 79
        # 80
        { en "a" } stop  # 81
        # 82
        other stop  # 83
        # 84
        within 1h stop  # 85
        # 86
        nudge after 10m "n"  # 87
    }  # 88
    match x {  # 89
        # 90
        1 stop  # 91
        # 92
        else stop  # 93
    }
    if x {  # 94
        # 95
        stop  # 96
    } else {  # 97
        # 98
        stop
    }  # 99
    emit "e" { a: 1 }  # 100
    handoff "n" to t {  # 101
        # 102
        open stop  # 103
        # 104
    }  # 105
    # 106
}  # 107

test "t" {  # 108
    # 109
    customer "x"  # 110

    # 111
    bot "y"  # 112
    # 113
}  # 114
# 115
"#;

#[test]
fn a_comment_stays_where_it_stood() {
    let (document, found) = read(EVERYWHERE);
    assert_eq!(found, Vec::<String>::new());
    let printed = print(&document);
    for (line, (is, should)) in printed.lines().zip(EVERYWHERE.lines()).enumerate() {
        assert_eq!(is, should, "line {}", line + 1);
    }
    assert_eq!(printed, EVERYWHERE);
}

/// Comments at every line's end and on a line of their own before every line: none is lost, and a second time changes
/// nothing.
#[test]
fn no_comment_of_the_sample_is_lost() {
    let mut text = String::new();
    let mut count = 0;
    for line in SAMPLE.lines() {
        text.push_str(&format!("# own {count}\n{line}  # end {count}\n"));
        count += 1;
    }
    let (document, found) = read(&text);
    assert_eq!(found, Vec::<String>::new());
    let printed = print(&document);
    for at in 0..count {
        let kept = |comment: &str| printed.lines().filter(|line| line.contains(comment) && line.ends_with(&comment[2..])).count();
        assert_eq!((kept(&format!("# own {at}")), kept(&format!("# end {at}"))), (1, 1), "comment {at}");
    }
    let (again, _) = read(&printed);
    assert_eq!(print(&again), printed);
}

#[test]
fn comments_inside_what_becomes_one_line_are_kept_behind_it() {
    let text = "flow f {\n    emit \"e\" {  # a\n        x: 1,  # b\n        # c\n        y: 2\n    }\n    set z = [\n        1,  # d\n        2\n    ]\n    stop\n}\n";
    let (document, found) = read(text);
    assert_eq!(found, Vec::<String>::new());
    let printed = print(&document);
    for comment in ["# a", "# b", "# c", "# d"] {
        assert_eq!(printed.matches(comment).count(), 1, "{printed}");
    }
    let (again, _) = read(&printed);
    assert_eq!(print(&again), printed, "a second time");
}
