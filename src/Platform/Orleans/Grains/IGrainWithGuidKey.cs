namespace Orleans;

/// <summary>Grains whose key is a GUID.</summary>
public interface IGrainWithGuidKey : IGrain;
