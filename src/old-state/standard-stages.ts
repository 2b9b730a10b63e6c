/** The fourteen standard stages as a `stages.yaml`, for states that come without one. */
export const standardStages = `# The fourteen standard stages.
name: standard-stages
stages:
  SETUP: { name: Setup, work_agent: pm, include_objective: false }
  BUSINESS_PROBLEM: { name: Business problem, work_agent: ba, artifacts: [problem_statement.md], optional: true }
  SPEC: { name: Specification, description: Specify a solution with acceptance scenarios., work_agent: ba,
    artifacts: [feature_spec.md], exit_criteria: ["Each scenario is written as \`### AT-001: name\`"] }
  SPEC_REVIEW: { name: Review of the specification, work_agent: ba, review_agent: reviewer, is_review_stage: true }
  RESEARCH: { name: Research, work_agent: builder-1, artifacts: [research.md] }
  TEST_STRATEGY: { name: Test strategy, work_agent: builder-2, artifacts: [test_strategy.md] }
  PLAN: { name: Plan, work_agent: pm, artifacts: [implementation_plan.md] }
  PLAN_REVIEW: { name: Review of the plan, work_agent: pm, review_agent: reviewer, is_review_stage: true }
  IMPLEMENTATION: { name: Implementation, work_agent: builder-1, parallel_agents: [builder-1, builder-2] }
  IMPLEMENTATION_REVIEW: { name: Review of the change, work_agent: builder-1, review_agent: reviewer, is_review_stage: true }
  TEST: { name: Test, work_agent: builder-1, artifacts: [test_results.md] }
  ACCEPTANCE_TEST: { name: Acceptance test, work_agent: builder-1, review_agent: reviewer, is_acceptance_test_stage: true }
  POST_REVIEW: { name: Review at the end, work_agent: pm, review_agent: reviewer, is_review_stage: true,
    requires_acceptance_tests_passed: true }
  COMPLETE: { name: Complete }
stage_order: [SETUP, BUSINESS_PROBLEM, SPEC, SPEC_REVIEW, RESEARCH, TEST_STRATEGY, PLAN, PLAN_REVIEW, IMPLEMENTATION,
  IMPLEMENTATION_REVIEW, TEST, ACCEPTANCE_TEST, POST_REVIEW, COMPLETE]
parallel_groups:
  post_spec: { after: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY], before: PLAN }
work_to_review_mapping:
  { SPEC: SPEC_REVIEW, PLAN: PLAN_REVIEW, IMPLEMENTATION: IMPLEMENTATION_REVIEW, TEST: POST_REVIEW }
`
