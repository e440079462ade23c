namespace Orleans;

/// <summary>Grains whose key is a text.</summary>
public interface IGrainWithStringKey : IGrain;
