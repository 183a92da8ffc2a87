;;; session.el --- A debug session of Emacs' dap-mode, without a screen -*- lexical-binding: t -*-

;; Run as `emacs --batch -l session.el PROGRAM NODE CLI FOLDER'. Prints "ok NAME" or "not ok NAME: REASON" for each step, and
;; ends with 1 if one failed. All of it is driven through dap-mode's own commands, as a user's keys would.

(setq user-emacs-directory (file-name-as-directory (expand-file-name "emacs" (nth 3 command-line-args-left))))
(make-directory user-emacs-directory t)
(require 'package)
(package-initialize)
(require 'dap-mode)
(require 'dap-ui)
(setq dap-auto-show-output nil
      dap-auto-configure-features nil
      dap-breakpoints-file (expand-file-name "breakpoints" user-emacs-directory)
      create-lockfiles nil
      make-backup-files nil)

(defvar k8snet-failed 0)
(defvar k8snet-stops 0)
(add-hook 'dap-stack-frame-changed-hook
          (lambda (session) (when (dap--debug-session-active-frame session) (setq k8snet-stops (1+ k8snet-stops)))))

(defun k8snet-wait (what predicate)
  "Wait until PREDICATE holds; WHAT says what is waited for."
  (let ((end (+ (float-time) 20)) value)
    (while (not (setq value (funcall predicate)))
      (when (> (float-time) end) (error "waited 20 s for %s" what))
      (accept-process-output nil 0.01))
    value))

(defmacro k8snet-step (name &rest body)
  "Run BODY as the step NAME; it must give a true value."
  `(condition-case reason
       (progn (unless (progn ,@body) (error "it is not so")) (princ (format "ok %s\n" ,name)))
     (error (setq k8snet-failed (1+ k8snet-failed))
            (princ (format "not ok %s: %s\n" ,name (error-message-string reason))))))

(defun k8snet-moved (move)
  "Call MOVE, and wait until dap-mode shows a frame again; answers its name."
  (let ((before k8snet-stops))
    (funcall move)
    (k8snet-wait "a stop" (lambda () (> k8snet-stops before)))
    (k8snet-frame)))

(defun k8snet-frame ()
  "The name of the frame that dap-mode shows."
  (gethash "name" (dap--debug-session-active-frame (dap--cur-session))))

(defun k8snet-capability (name)
  "Whether the adapter declares NAME."
  (gethash name (dap--debug-session-current-capabilities (dap--cur-session))))

(defun k8snet-children (reference)
  "The variables of REFERENCE, a list of hash tables."
  (append (gethash "variables" (dap-request (dap--cur-session) "variables" :variablesReference reference)) nil))

(defun k8snet-named (name things)
  "The one of THINGS that has this NAME."
  (seq-find (lambda (one) (equal name (gethash "name" one))) things))

(let* ((program (nth 0 command-line-args-left))
       (server (list (nth 1 command-line-args-left) (nth 2 command-line-args-left) "dap")))
  (dap-register-debug-provider "k8snet" #'identity)
  (find-file program)
  (goto-char (point-min))
  (re-search-forward "bridge cbr0")
  (k8snet-step "a breakpoint is set in the file" (progn (dap-breakpoint-add) (gethash program (dap--get-breakpoints))))
  (dap-debug (list :type "k8snet" :request "launch" :name "k8snet" :program program :stopAtEnd t :dap-server-path server))
  (k8snet-step "launch stops at the breakpoint"
    (k8snet-wait "a stop" (lambda () (> k8snet-stops 0)))
    (string-match-p "node1/cbr0" (k8snet-frame)))
  (k8snet-step "the breakpoint is verified"
    (let ((known (gethash program (dap--debug-session-breakpoints (dap--cur-session)))))
      (eq t (gethash "verified" (car (append known nil))))))
  (k8snet-step "point is on the line of the bridge, in the file"
    (and (equal program (buffer-file-name)) (string-match-p "bridge cbr0" (thing-at-point 'line))))
  (k8snet-step "the stack leads back to the statement"
    (let* ((thread (dap--debug-session-thread-id (dap--cur-session)))
           (frames (append (gethash thread (dap--debug-session-thread-stack-frames (dap--cur-session))) nil)))
      (string-match-p "^ping " (gethash "name" (car (last frames))))))
  (k8snet-step "threads: the scenario and the packets"
    (string-match-p "^scenario " (gethash "name" (car (append (gethash "threads" (dap-request (dap--cur-session) "threads")) nil)))))
  (k8snet-step "scopes and variables: a packet's fields"
    (let* ((frame (gethash "id" (dap--debug-session-active-frame (dap--cur-session))))
           (scopes (append (gethash "scopes" (dap-request (dap--cur-session) "scopes" :frameId frame)) nil))
           (layers (k8snet-children (gethash "variablesReference" (k8snet-named "Packet" scopes))))
           (ethernet (seq-find (lambda (one) (string-match-p "Ethernet\\|^eth" (gethash "name" one))) layers)))
      (k8snet-children (gethash "variablesReference" ethernet))))
  (when (k8snet-capability "supportsEvaluateForHovers")
    (k8snet-step "evaluate: an expression in the frame"
      (let ((frame (gethash "id" (dap--debug-session-active-frame (dap--cur-session)))))
        (equal "1" (gethash "result" (dap-request (dap--cur-session) "evaluate"
                                                  :expression "sysctl(\"node1\", \"net.ipv4.ip_forward\")" :frameId frame
                                                  :context "watch"))))))
  (let ((here (k8snet-frame)) there)
    (k8snet-step "next goes to the packet's next hop"
      (setq there (k8snet-moved (lambda () (dap-next (dap--cur-session)))))
      (not (equal here there)))
    (k8snet-step "step back comes back, by the command that dap-mode sends all steps with"
      (k8snet-moved (lambda () (dap--step "stepBack" (dap--cur-session))))
      (when (k8snet-capability "supportsStepBack") t)))
  (k8snet-step "step in and step out"
    (and (k8snet-moved (lambda () (dap-step-in (dap--cur-session))))
         (k8snet-moved (lambda () (dap-step-out (dap--cur-session))))))
  (k8snet-step "an unknown request is answered with its error"
    (condition-case reason
        (progn (dap-request (dap--cur-session) "k8snet/teleport") nil)
      (error (string-match-p "does not know" (error-message-string reason)))))
  (k8snet-step "continue, with the breakpoint taken away, runs to the end of the scenario"
    (with-current-buffer (find-buffer-visiting program)
      (dap-breakpoint-delete-all))
    (k8snet-moved (lambda () (dap-continue (dap--cur-session) (dap--debug-session-thread-id (dap--cur-session)))))
    (string-match-p "^end of scenario" (k8snet-frame)))
  (k8snet-step "what the program printed is in the output buffer"
    (with-current-buffer (dap--debug-session-output-buffer (dap--cur-session))
      (string-match-p "1 packets transmitted, 1 received" (buffer-string))))
  (k8snet-step "continue at the end terminates the session"
    (let ((session (dap--cur-session)))
      (dap-continue session (dap--debug-session-thread-id session))
      (k8snet-wait "the end" (lambda () (not (dap--session-running session)))))))

(kill-emacs (if (= k8snet-failed 0) 0 1))
;;; session.el ends here
