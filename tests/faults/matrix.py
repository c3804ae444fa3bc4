"""Which tests hold which row of the matrix of faults. ``test_matrix`` fails when a row has none, or names one that is not there.

A row is a kind of fault; its parts are the ways in which it comes.

F1 web killed. F2 worker killed with a certificate, F3 with a mail, F4 as a whole. F5 line to the broker, F6 the broker itself, F7 a deaf
worker, F8 doorbells too many, too old or forged, F9 a worker that wakes late. F12 mail server, F13 disk, F14 drawing engine. F15 clock,
F16 beat. F19 many hands at once. F22 the world changes in the middle of an attempt.
"""

OWED = ("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F12", "F13", "F14", "F15", "F16", "F19", "F22")

WEB = "tests/faults/test_web.py::"
MAIL = "tests/faults/test_mail.py::"
STAGES = "tests/faults/test_mail_stages.py::"
PDF = "tests/faults/test_certificates.py::"
BROKER = "tests/faults/test_broker.py::"
LINES = "tests/faults/test_lines.py::"
STOPS = "tests/faults/test_work_stops.py::"
CLOCK = "tests/faults/test_clock.py::"
REMINDERS = "tests/faults/test_reminders.py::"
RACES = "tests/faults/test_races.py::"
ATTEMPTS = "tests/faults/test_attempt_races.py::"
RANDOM = "tests/faults/test_random.py::test_whatever_happens_nothing_is_lost_doubled_or_wrong"
BETWEEN = "tests/quizzes/test_interruptions.py::"
CORRECTING = "tests/quizzes/test_correcting_races.py::"
DELIVERING = "tests/outbox/test_delivering.py::"

MATRIX: dict[str, dict[str, tuple[str, ...]]] = {
    "F1": {
        "killed before the commit, and after it before the doorbell": (
            f"{WEB}test_the_web_process_killed_while_a_quiz_is_handed_in",
            f"{WEB}test_hand_ins_that_die_at_chance_complete_once",
        ),
        "killed after the response": (
            f"{WEB}test_what_the_page_calls_stored_survives_signal_9_right_afterwards",
            f"{WEB}test_an_answer_whose_acknowledgement_was_lost_is_sent_again_and_taken",
            f"{WEB}test_no_acknowledged_answer_is_lost_whenever_signal_9_comes",
            "tests/faults/test_web_answers.py::test_no_answer_of_any_kind_is_lost_when_the_server_is_killed",
        ),
    },
    "F2": {
        "each point of a certificate's way": (f"{PDF}test_a_worker_killed_while_it_makes_a_certificate",),
        "one child of many": (f"{PDF}test_a_killed_child_of_a_worker_with_many",),
        "points of chance": (f"{PDF}test_deaths_in_any_order_lose_nothing",),
        "each time, for ever": (f"{PDF}test_a_certificate_that_kills_every_worker_stops_and_is_seen",),
    },
    "F3": {
        "each point of a reminder's way": (f"{MAIL}test_a_worker_killed_while_it_sends_a_reminder",),
        "each point of a certificate mail's way": (f"{MAIL}test_a_worker_killed_while_it_mails_a_certificate",),
        "points of chance": (
            f"{MAIL}test_deaths_in_any_order_never_send_a_reminder_twice",
            f"{MAIL}test_deaths_in_any_order_mail_a_certificate_at_most_twice",
        ),
    },
    "F4": {
        "the whole group by signal 9; TERM around the commit": (
            f"{STOPS}test_a_worker_that_is_ended_around_its_commit",
        ),
        "TERM and QUIT in the middle": (f"{PDF}test_a_worker_that_is_asked_to_stop_while_it_draws",),
    },
    "F5": {
        "refused": (f"{BROKER}test_handing_in_while_the_broker_refuses",),
        "accepts and never answers": (f"{BROKER}test_handing_in_while_the_broker_accepts_and_never_answers",),
        "each mode of the proxy, in time": (f"{LINES}test_no_page_waits_for_the_broker_and_nothing_is_lost",),
        "cut at an acknowledgement": (f"{LINES}test_a_worker_whose_acknowledgement_was_lost_takes_the_next_task",),
    },
    "F6": {
        "restarted empty": (f"{BROKER}test_an_emptied_broker_loses_nothing",),
        "memory full before the start": (f"{BROKER}test_handing_in_while_the_broker_s_memory_is_full",),
        "FLUSHALL, memory full and read-only under a running worker": (
            f"{STOPS}test_a_broker_that_takes_no_writes_or_forgets_all_costs_nothing",
        ),
    },
    "F7": {
        "connected and not consuming": (
            f"{STOPS}test_a_worker_that_is_connected_and_takes_nothing_is_seen_and_made_good",
        ),
    },
    "F8": {
        "a hundred times, shuffled, unknown ids, garbage, old payloads": (
            f"{BROKER}test_the_same_task_a_hundred_times_among_nonsense_is_one_certificate_and_one_mail",
        ),
        "copies for two workers": (
            f"{BROKER}test_two_workers_with_copies_of_the_same_tasks_make_each_certificate_once",
        ),
    },
    "F9": {
        "a certificate's": (f"{PDF}test_a_worker_that_wakes_after_its_lease_changes_nothing",),
        "a mail's": (
            f"{MAIL}test_a_worker_that_wakes_after_its_lease_sends_nothing_more",
            f"{MAIL}test_a_worker_that_wakes_before_data_makes_a_certificate_s_mail_come_twice_at_most",
        ),
    },
    "F12": {
        "each stage, each fault: reminders": (
            f"{STAGES}test_a_reminder_is_sent_later_or_refused_or_in_doubt_but_never_twice",
        ),
        "certificate mails": (
            f"{STAGES}test_a_certificate_s_mail_in_doubt_comes_once_more_under_the_same_id",
            f"{STAGES}test_a_second_doubt_is_left_to_a_person",
        ),
        "not wanted any more": (f"{STAGES}test_a_mail_that_failed_and_is_not_wanted_any_more_is_not_sent",),
        "refused for ever": (f"{DELIVERING}test_a_refused_connection_is_tried_eight_times_then_given_up",),
        "no page waits": (f"{LINES}test_no_page_waits_for_the_mail_server_and_nothing_is_lost",),
        "an answer without end": (f"{STOPS}test_a_mail_server_that_answers_without_end_holds_one_try_and_nobody_else",),
    },
    "F13": {
        "full; the folder is none": (f"{PDF}test_a_disk_that_takes_nothing_is_tried_again_with_longer_waits",),
        "for ever": (f"{PDF}test_a_disk_that_never_takes_anything_ends_as_dead_with_the_reason",),
        "short write, no sync, no rename": (f"{STOPS}test_a_disk_that_fails_at_any_step_leaves_nothing_half_written",),
    },
    "F14": {
        "hangs": (f"{STOPS}test_a_drawing_that_never_ends_is_killed_and_keeps_nobody_back",),
        "takes all memory": (f"{STOPS}test_a_drawing_that_wants_all_memory_fails_alone",),
        "crashes each time": (f"{PDF}test_a_certificate_that_kills_every_worker_stops_and_is_seen",),
    },
    "F15": {
        "an hour on and back, thirty days on and back": (
            f"{CLOCK}test_a_clock_that_jumps_sends_no_flood_and_nothing_twice",
        ),
        "summer and winter time, leap day": (
            f"{CLOCK}test_days_of_23_and_25_hours_and_leap_days_are_days_like_others",
        ),
        "whose quiz time is over": (f"{ATTEMPTS}test_fifty_hands_save_hand_in_and_sweep_at_the_end_of_the_time",),
    },
    "F16": {
        "two at once": (
            f"{REMINDERS}test_two_beats_at_once_are_one",
            f"{REMINDERS}test_two_planners_at_the_same_instants_over_days",
            f"{REMINDERS}test_twenty_planners_at_the_same_moment_announce_each_reason_once",
        ),
        "none for three days": (f"{CLOCK}test_a_beat_that_was_away_for_three_days_says_what_still_matters",),
        "killed in the middle of a plan": (f"{REMINDERS}test_two_planners_at_the_same_instants_over_days",),
        "restarted twenty times": (f"{CLOCK}test_two_beats_and_one_that_is_killed_twenty_times_are_one",),
    },
    "F19": {
        "starts": (
            f"{ATTEMPTS}test_fifty_starts_open_one_attempt_each_time_and_never_one_too_many",
            f"{ATTEMPTS}test_fifty_helpers_open_one_more_attempt_and_fifty_starts_use_it_once",
        ),
        "hand-ins": (
            f"{RACES}test_twenty_hand_ins_complete_once",
            f"{WEB}test_one_button_pressed_twenty_times_hands_in_once",
            f"{ATTEMPTS}test_a_hundred_issues_make_one_certificate",
        ),
        "certificates": (
            f"{ATTEMPTS}test_a_hundred_issues_make_one_certificate",
            f"{RACES}test_twenty_workers_on_one_certificate_store_one_file_and_send_one_mail",
        ),
        "corrections": (
            f"{CORRECTING}test_two_coordinators_and_their_double_clicks_make_one_correction",
            f"{CORRECTING}test_a_correction_racing_hand_ins_misses_nobody",
        ),
    },
    "F22": {
        "edited": (f"{BETWEEN}test_the_quiz_is_edited_in_the_middle",),
        "deleted": (f"{BETWEEN}test_the_course_is_deleted_from_the_files_in_the_middle",),
        "withdrawn and given again": (f"{BETWEEN}test_the_course_is_taken_away_and_given_again_in_the_middle",),
        "another team": (f"{BETWEEN}test_the_learner_moves_to_another_team_in_the_middle",),
        "deactivated": (
            f"{BETWEEN}test_the_learner_is_deactivated_in_the_middle",
            f"{BETWEEN}test_the_learner_is_deactivated_and_comes_back",
        ),
    },
    "all at chance": {"the randomized run": (RANDOM,)},
}
