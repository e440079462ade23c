namespace Atelier.Core.Fleet.Membership;

/// <summary>What follows from an observation: the new state, to be kept first, and then the effects.</summary>
/// <param name="State">The fleet from here on.</param>
/// <param name="Actions">Effects, in order.</param>
public sealed record FleetDecision(FleetState State, IReadOnlyList<FleetAction> Actions);
