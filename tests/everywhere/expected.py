"""What each address answers to whom: the table that the authorization test holds them to.

Columns: clerk, approver, data steward, administrator, auditor, superuser, nobody (logged in,
without any right), anonymous; first to GET, behind the bar to POST. What is asked for belongs
to others. ok: a page; go: on to another page; in: to the login page; no: refused; nf: not
found; xx: not so. Data stewards, administrators, auditors and superusers are staff.
Where a POST is answered by a page, it says why nothing was done, or asks for more.
"""

EXPECTED = {
    "ok ok ok ok ok ok ok in | ok ok ok ok ok ok ok in": """
        home
        password_change
    """,
    "ok ok ok ok ok ok no in | xx xx xx xx xx xx xx in": """
        customers:list
        customers:detail
        customers:proposed_changes
        approvals:notifications
        approvals:proposal_history
    """,
    "ok no no no no ok no in | ok no no no no ok no in": """
        customers:create
        approvals:discard_change
    """,
    "ok no ok ok ok ok no in | xx xx xx xx xx xx xx in": """
        customers:export
    """,
    "no no ok no no ok no in | no no ok no no ok no in": """
        customers:import
    """,
    "no no ok no no ok no in | xx xx xx xx xx xx xx in": """
        customers:import_template
    """,
    "no no no ok ok ok no in | no no no no no no no in": """
        customers:import_job
    """,
    "xx xx xx xx xx xx xx in | no no no no no no no in": """
        customers:import_confirm
        customers:import_cancel
        customers:import_rest
    """,
    "no no no ok ok ok no in | xx xx xx xx xx xx xx in": """
        customers:import_progress
        customers:import_failed_rows
        approvals:inquiry
        approvals:cycle_times
    """,
    "ok ok ok ok ok ok no in | xx xx xx xx xx xx no in": """
        customers:history
        customers:field_history
    """,
    "xx xx xx xx xx xx xx in | go go go go go go no in": """
        approvals:read_notifications
    """,
    "nf nf nf nf nf nf no in | xx xx xx xx xx xx xx in": """
        approvals:notification
        approvals:open_notification
    """,
    "ok ok ok ok no ok no in | xx xx xx xx xx xx xx in": """
        approvals:work_items
    """,
    "no go no go no go no in | no ok no ok no ok no in": """
        approvals:work_items_decide
    """,
    "xx xx xx xx xx xx xx in | no go no go no go no in": """
        approvals:claim_selected
        approvals:release_selected
        approvals:claim
        approvals:release
    """,
    "no no no ok no ok no in | no no no ok no ok no in": """
        approvals:decide
        approvals:reassign_all
        approvals:reassign
    """,
    "no no no no no no no in | no no no no no no no in": """
        approvals:delegate
    """,
    "ok no no no no ok no in | go no no no no go no in": """
        customers:edit
        approvals:submit
        approvals:discard_all
    """,
    "no no no ok no ok no in | no no no go no go no in": """
        approvals:recall
        approvals:terminate
    """,
    "no ok no ok no ok no in | no ok no ok no ok no in": """
        approvals:my_substitutes
    """,
    "xx xx xx xx xx xx xx in | nf nf nf nf nf nf nf in": """
        approvals:end_substitution
    """,
    "xx xx xx xx xx xx xx in | go go go go go go go in": """
        logout
    """,
    "ok ok ok ok ok ok ok ok | ok ok ok ok ok ok ok ok": """
        login
        password_reset
    """,
    "ok ok ok ok ok ok ok in | xx xx xx xx xx xx xx in": """
        password_change_done
    """,
    "ok ok ok ok ok ok ok ok | xx xx xx xx xx xx xx xx": """
        password_reset_done
        password_reset_complete
    """,
    "go go go go go go go go | go go go go go go go go": """
        password_reset_confirm
    """,
    "in in ok ok ok ok in in | in in ok ok ok ok in in": """
        admin:index
        admin:approvals_proposal_changelist
        admin:approvals_proposal_history
        admin:customers_customer_export
        admin:customers_customer_changelist
        admin:app_list
    """,
    "ok ok go go go go ok ok | ok ok ok ok ok ok ok ok": """
        admin:login
    """,
    "go go xx xx xx xx go in | go go go go go go go in": """
        admin:logout
    """,
    "in in ok ok ok ok in in | in in xx xx xx xx in in": """
        admin:password_change_done
        admin:jsi18n
    """,
    "in in no ok ok ok in in | in in xx xx xx xx in in": """
        admin:autocomplete
    """,
    "in in go go go go in in | in in go go go go in in": """
        admin:password_change
        admin:view_on_site
        admin:approvals_approvalparameters_changelist
        admin:approvals_approvalparameters_history
        admin:approvals_workflow_history
        admin:approvals_reportingline_history
        admin:approvals_automaticaction_changelist
        admin:approvals_automaticaction_history
        admin:approvals_workflowstep_changelist
        admin:approvals_workflowstep_history
        admin:approvals_workflowversion_changelist
        admin:approvals_workflowversion_history
        admin:customers_customer_history
    """,
    "in in no no no no in in | in in no no no no in in": """
        admin:approvals_proposal_add
        admin:approvals_proposal_delete
        admin:approvals_proposedchange_add
        admin:approvals_proposedchange_delete
        admin:approvals_workitem_add
        admin:approvals_workitem_delete
        admin:approvals_delegation_add
        admin:approvals_delegation_delete
        admin:approvals_decision_add
        admin:approvals_decision_delete
        admin:approvals_importjob_add
        admin:approvals_importjob_delete
        admin:approvals_workflowevent_add
        admin:approvals_workflowevent_delete
        admin:approvals_notification_add
        admin:approvals_notification_delete
        admin:approvals_approvalparameters_add
        admin:approvals_approvalparameters_delete
        admin:approvals_workflow_delete
        admin:approvals_automaticaction_add
        admin:approvals_workflowstep_add
        admin:approvals_workflowversion_add
        admin:customers_customer_delete
        admin:django_tasks_database_dbtaskresult_add
        admin:django_tasks_database_dbtaskresult_delete
    """,
    "in in ok ok ok ok in in | in in no no no no in in": """
        admin:approvals_proposal_change
    """,
    "in in no ok ok ok in in | in in no ok ok ok in in": """
        admin:approvals_proposedchange_changelist
        admin:approvals_proposedchange_history
        admin:approvals_workitem_changelist
        admin:approvals_workitem_history
        admin:approvals_delegation_changelist
        admin:approvals_delegation_history
        admin:approvals_decision_changelist
        admin:approvals_decision_history
        admin:approvals_importjob_changelist
        admin:approvals_importjob_history
        admin:approvals_workflowevent_changelist
        admin:approvals_workflowevent_history
        admin:approvals_notification_changelist
        admin:approvals_notification_history
        admin:approvals_workflow_changelist
        admin:approvals_reportingline_changelist
        admin:auth_user_changelist
        admin:auth_user_history
        admin:auth_group_changelist
        admin:auth_group_history
        admin:approvals_substitution_changelist
        admin:approvals_substitution_history
        admin:approvals_automaticaction_test
        admin:approvals_workflowstep_test
        admin:approvals_workflowversion_test
        admin:customers_customergroup_changelist
        admin:customers_customergroup_history
        admin:customers_paymentmethod_changelist
        admin:customers_paymentmethod_history
        admin:customers_deliveryterms_changelist
        admin:customers_deliveryterms_history
        admin:customers_taxgroup_changelist
        admin:customers_taxgroup_history
        admin:customers_currency_changelist
        admin:customers_currency_history
        admin:customers_paymentterms_changelist
        admin:customers_paymentterms_history
        admin:customers_country_changelist
        admin:customers_country_history
    """,
    "in in no ok ok ok in in | in in no no no no in in": """
        admin:approvals_proposedchange_change
        admin:approvals_workitem_change
        admin:approvals_delegation_change
        admin:approvals_decision_change
        admin:approvals_importjob_change
        admin:approvals_workflowevent_change
        admin:approvals_notification_change
    """,
    "in in no ok ok ok in in | in in no ok no ok in in": """
        admin:approvals_approvalparameters_change
        admin:approvals_workflow_change
        admin:approvals_reportingline_change
        admin:approvals_substitution_change
        admin:approvals_workflowversion_change
        admin:customers_customergroup_change
        admin:customers_paymentmethod_change
        admin:customers_deliveryterms_change
        admin:customers_taxgroup_change
        admin:customers_currency_change
        admin:customers_paymentterms_change
        admin:customers_country_change
    """,
    "in in xx xx xx xx in in | in in no go no go in in": """
        admin:approvals_workflow_edit
    """,
    "in in no ok no ok in in | in in no ok no ok in in": """
        admin:approvals_workflow_add
        admin:approvals_reportingline_add
        admin:approvals_substitution_add
        admin:customers_customergroup_add
        admin:customers_paymentmethod_add
        admin:customers_deliveryterms_add
        admin:customers_taxgroup_add
        admin:customers_currency_add
        admin:customers_paymentterms_add
        admin:customers_country_add
    """,
    "in in no ok no ok in in | in in no go no go in in": """
        admin:approvals_reportingline_delete
        admin:approvals_substitution_delete
        admin:approvals_automaticaction_delete
        admin:approvals_workflowstep_delete
        admin:approvals_version_activate
        admin:approvals_version_retire
        admin:approvals_workflowversion_delete
    """,
    "in in no no no ok in in | in in no no no ok in in": """
        admin:auth_user_password_change
        admin:auth_user_add
        admin:auth_group_add
        admin:customers_customer_add
        admin:django_tasks_database_dbtaskresult_changelist
        admin:django_tasks_database_dbtaskresult_history
    """,
    "in in no no no ok in in | in in no no no go in in": """
        admin:auth_user_delete
        admin:auth_group_delete
        admin:customers_customergroup_delete
        admin:customers_paymentmethod_delete
        admin:customers_deliveryterms_delete
        admin:customers_taxgroup_delete
        admin:customers_currency_delete
        admin:customers_paymentterms_delete
        admin:customers_country_delete
    """,
    "in in no ok ok ok in in | in in no no no ok in in": """
        admin:auth_user_change
        admin:auth_group_change
    """,
    "in in go ok go ok in in | in in no ok no ok in in": """
        admin:approvals_automaticaction_change
        admin:approvals_workflowstep_change
    """,
    "in in xx xx xx xx in in | in in ok no no ok in in": """
        admin:customers_customer_process_import
    """,
    "in in ok no no ok in in | in in ok no no ok in in": """
        admin:customers_customer_import
    """,
    "in in ok ok ok ok in in | in in no no no go in in": """
        admin:customers_customer_change
    """,
    "in in no no no ok in in | in in no no no no in in": """
        admin:django_tasks_database_dbtaskresult_change
    """,
}
