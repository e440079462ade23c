namespace Atelier.Core.Fleet.Generations;

/// <summary>A worker that could not go on in one generation after the other, none of which committed anything.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="At">Where they all stood.</param>
/// <param name="Generations">How many they were.</param>
public sealed record RepeatedTrouble(WorkerId Worker, Position At, int Generations);
