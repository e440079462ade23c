namespace Atelier.Training.Data;

/// <summary>An image that was left out of a dataset.</summary>
/// <param name="Name">Its path inside the dataset.</param>
/// <param name="Reason">Why it cannot be used, in one line.</param>
public sealed record BadImage(string Name, string Reason);
