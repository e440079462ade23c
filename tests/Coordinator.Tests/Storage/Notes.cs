namespace Atelier.Coordinator.Tests.Storage;

/// <summary>A state.</summary>
public sealed class Notes
{
    public string Text { get; set; } = "";

    public List<int> Numbers { get; set; } = [];
}
