namespace Orleans.Hosting;

/// <summary>That a clustering was chosen. This silo is always alone; Orleans' own would not start without.</summary>
internal sealed class Clustering;
