namespace Atelier.Core.Fleet.Generations;

/// <summary>What a pass decided: the new state, to be stored first, and then the effects.</summary>
/// <param name="State">The state from here on.</param>
/// <param name="Actions">Effects, in order.</param>
public sealed record GenerationDecision(GenerationState State, IReadOnlyList<GenerationAction> Actions);
