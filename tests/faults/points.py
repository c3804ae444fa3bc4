"""Every failpoint of the source, by name. A fault round fails when a point listed here was never reached."""

POINTS = {
    "batch.in_row": "one person's turn of a batch is written, nothing of it is committed",
    "batch.after_row": "one person's turn of a batch is committed, the others are still to come",
    "mail.after_claim": "the message is claimed, nothing else was done",
    "mail.before_connect": "rendered; a secret link's hash is stored; no connection yet",
    "mail.after_rcpt": "the mail server accepted sender and recipient; still claimed",
    "mail.before_data": "handing_over is committed, DATA was not said",
    "mail.mid_data": "half of the content is on its way (or in the temporary file)",
    "mail.after_data": "the mail server said 250 (or the file is in its place), sent is not committed",
    "mail.after_sent": "sent is committed with its event, the connection is still open",
    "pdf.after_claim": "the certificate is claimed, nothing was drawn",
    "pdf.after_draw": "the PDF is in memory, no file was begun",
    "pdf.mid_write": "half of the PDF is in the temporary file",
    "pdf.before_rename": "the temporary file is whole and on the disk",
    "pdf.after_rename": "the file is in its place, the folder is not yet synced",
    "pdf.before_finish": "the file is safe, the row does not know it",
    "pdf.after_finish": "the row knows the file and the mail is released; the worker was not rung yet, or just was",
    "quiz.after_save_commit": "an answer is stored, the page was not told",
    "quiz.before_commit": "the hand-in is graded and written, nothing of it is committed",
    "quiz.after_commit": "the hand-in is committed, the page was not told",
}
