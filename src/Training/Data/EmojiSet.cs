namespace Atelier.Training.Data;

/// <summary>Which emoji <see cref="EmojiFaces"/> draws.</summary>
public enum EmojiSet
{
    /// <summary>The faces: U+1F600–1F644, 1F910–1F917, 1F920–1F92F, 1F970–1F97A.</summary>
    Faces,

    /// <summary>All single emoji of U+2600–27BF and 1F300–1FAFF.</summary>
    All,
}
