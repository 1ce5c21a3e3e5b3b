"""What is watched on AWS, as code: the catalogue of metrics, alarms, service level objectives, dashboards, and a linter
for them, because neither CloudFormation nor any tool says that a widget shows a metric which nobody emits.

Everything follows from what there is (`watched`): a new function, table or queue has its alarms and lines at once. This
package must not know what the platform's data mean, and nothing in it runs on Lambda.
"""
