//! The stories: what callers, agents and supervisors live through, told against the whole switchboard on a simulated
//! network and clock. No socket, no real clock, no thread; every story can be told again to the bit.

mod support;

mod a_random_day;
mod agent_holds_and_resumes;
mod agent_misses_a_call;
mod agent_transfers_with_announcement;
mod agent_wraps_up;
mod bad_phones;
mod caller_asks_for_a_callback;
mod caller_chooses_by_keypad;
mod caller_gives_up;
mod caller_leaves_a_message;
mod caller_reaches_the_right_agent;
mod caller_waits_and_hears_the_position;
mod carriers_know_where_we_are;
mod charter_counts_met_and_breached;
mod direct_number_is_answered_before_the_third_ring;
mod doors_close_politely;
mod every_call_goes_one_way;
mod every_call_leaves_one_record;
mod flows_and_prompts_agree;
mod flows_reload;
mod keys_pass_between_those_who_talk;
mod network_loses_packets;
mod numbers_have_their_own_voice;
mod own_prompts_are_heard;
mod phones_come_over_tcp;
mod phones_of_other_makers;
mod too_many_callers;
mod wallboard_tells_the_truth;
