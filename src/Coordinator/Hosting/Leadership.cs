using Atelier.Core.Fleet;

namespace Atelier.Coordinator.Hosting;

/// <summary>Whose orders this coordinator's are.</summary>
/// <param name="Term">The term of its lease.</param>
public sealed record Leadership(Term Term);
